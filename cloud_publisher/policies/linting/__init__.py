"""What is wrong with policies and templates: our own checks, and the public linters where they are installed."""
