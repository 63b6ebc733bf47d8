"""The models that serve: the handles that keep them open, and how a new one is loaded, cached and closed."""
