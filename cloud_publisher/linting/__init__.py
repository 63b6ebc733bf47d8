"""What the cloud and the nuclei would only tell later: faults of any recipe, ours or not. Asks no cloud."""
