"""Devices for users of the emulator: a nucleus's process, and local deployments to it."""
