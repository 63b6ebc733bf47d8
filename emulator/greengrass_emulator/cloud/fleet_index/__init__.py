"""Fleet indexing: a search over the account's things and shadows, always a little behind (AWS IoT, 2026)."""
