"""What components can ask for by IPC, by family. Each class offers its handlers by the operations' names."""
