"""What a release would change in the bucket, an account and its targets. Reads only."""
