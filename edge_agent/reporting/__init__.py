"""What the agent reports to the cloud."""
