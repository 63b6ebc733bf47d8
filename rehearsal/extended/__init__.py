"""The extended rehearsal: the agent's other features, on a lite and a classic device of a factory."""
