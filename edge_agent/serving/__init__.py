"""The models that serve: their states, the handles that keep them open, and how a new one is loaded."""
