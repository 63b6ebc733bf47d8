"""The agent without a nucleus: what a nucleus would say is in a file that it follows."""
