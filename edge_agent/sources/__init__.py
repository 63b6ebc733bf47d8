"""Where frames come from: one module for each kind. `table.py` opens them by their settings."""
