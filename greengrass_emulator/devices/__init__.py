"""Devices as whoever uses the emulator has them in hand: a nucleus's process, and what is deployed to it by hand."""
