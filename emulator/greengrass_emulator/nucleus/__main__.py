"""``python -m greengrass_emulator.nucleus``: the same as ``greengrass-emulator nucleus``."""

from greengrass_emulator.cli.nucleus import standalone

if __name__ == "__main__":
    standalone()
