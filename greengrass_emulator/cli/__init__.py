"""The `greengrass-emulator` command."""
