"""The dev account's bucket of artifacts: immutable files, and a record of each component version beside them."""
