"""Lints policies and templates: by our own checks, and by public linters if they are installed."""
