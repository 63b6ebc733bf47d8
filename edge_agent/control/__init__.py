"""What the agent decides, and the one thread that decides it."""
