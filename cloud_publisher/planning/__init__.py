"""What a release would do, found without doing it: to the bucket, to an account, to its targets. Reads only."""
