"""A component's recipe as a nucleus understands it: read, chosen for this platform, its variables filled in."""
