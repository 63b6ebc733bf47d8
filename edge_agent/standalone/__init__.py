"""The agent without a nucleus: a config file takes the nucleus's place."""
