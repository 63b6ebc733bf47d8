"""Where frames come from: one module for each kind. `pipeline/opening.py` opens them by their settings."""
