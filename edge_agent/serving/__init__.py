"""The models that serve: their states, the handles that keep them alive, and how a new one is brought in."""
