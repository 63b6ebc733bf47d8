"""Greengrass IPC on a Unix socket: event-stream frames, connections, and the operations that components call."""
