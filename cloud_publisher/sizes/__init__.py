"""How large a release is where it goes, and how much goes there: bytes and objects, counted as the devices count."""
