"""Where frames come from. One module a kind; `table.py` opens each by its settings."""
