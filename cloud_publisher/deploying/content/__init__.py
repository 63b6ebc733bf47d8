"""What a deployment holds: merges a release into it, restores an earlier one, compares two. Pure."""
