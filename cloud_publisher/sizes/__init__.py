"""The sizes of a release and their limits on its target: bytes and objects, counted as the devices count them."""
