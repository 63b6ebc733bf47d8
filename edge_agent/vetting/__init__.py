"""Vetting: whether a model may serve, found out in a child process so that a bad one harms nobody."""
