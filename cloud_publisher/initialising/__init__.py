"""A new deploy repository that works as it stands: its files, and how they come into a folder whole or not at all."""
