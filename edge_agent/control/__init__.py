"""The control thread, and everything that the agent decides."""
