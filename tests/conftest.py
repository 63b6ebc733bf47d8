"""Fixtures that every test may ask for: one emulated cloud serves a whole session (moto has one memory a process)."""

pytest_plugins = ["greengrass_emulator.testing"]
