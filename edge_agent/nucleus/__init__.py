"""The agent's side of Greengrass IPC, and what comes in by it."""
