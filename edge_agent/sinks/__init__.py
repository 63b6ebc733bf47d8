"""Where predictions go: one module for each kind. `table.py` opens them by their settings."""
