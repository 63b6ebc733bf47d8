"""Running components: their processes, states and dependencies."""
