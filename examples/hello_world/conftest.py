"""The one line that a component's repository needs."""

pytest_plugins = ["greengrass_emulator.testing"]
