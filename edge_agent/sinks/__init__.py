"""Where predictions go. One module a kind; `table.py` opens each by its settings."""
