"""The IPC operations, by family. Each class offers its handlers by the operations' names."""
