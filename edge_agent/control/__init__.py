"""The control thread, its event queue, and everything that the agent decides."""
