"""Makes a new deploy repository that works without changes: its files, written all or none."""
