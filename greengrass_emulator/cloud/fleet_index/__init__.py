"""Fleet indexing: what the account's things are and say, searchable, and always a little behind (AWS IoT, 2026)."""
