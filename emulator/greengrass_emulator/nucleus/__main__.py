"""``python -m greengrass_emulator.nucleus``: the same as ``greengrass-emulator nucleus``."""

import sys

import typer

from greengrass_emulator.cli.device import nucleus
from greengrass_emulator.errors import EmulatorError

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(nucleus)
    try:
        app()
    except EmulatorError as error:
        sys.stderr.write(f"nucleus: {error}\n")
        sys.exit(error.exit_code)
