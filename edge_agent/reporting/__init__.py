"""What the agent says of itself to the cloud."""
