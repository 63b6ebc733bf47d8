"""Running components: their processes, their states, and how they hang together."""
