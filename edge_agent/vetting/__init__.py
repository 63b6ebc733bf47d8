"""Vetting: finds out whether a model may serve, in a child process, so that a bad model does no harm."""
