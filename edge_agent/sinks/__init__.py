"""Where predictions go: one module for each kind. `pipeline/opening.py` opens them by their settings."""
