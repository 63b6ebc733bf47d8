"""The `greengrass-emulator` command: each subcommand has a module; this one puts them together.

The commands do their heavy imports themselves, so that `--help` answers at once.
"""

import sys
from typing import Annotated

import typer

from greengrass_emulator.cli.device import nucleus, provision, status
from greengrass_emulator.cli.fault import fault
from greengrass_emulator.cli.local_deploy import deploy
from greengrass_emulator.cli.up import up
from greengrass_emulator.errors import EmulatorError

app = typer.Typer(
    name="greengrass-emulator",
    help="A Greengrass on one machine: the AWS accounts, and devices that run in them.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command()(provision)
app.command()(nucleus)
app.command()(deploy)
app.command()(status)
app.add_typer(fault, name="fault")


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"greengrass-emulator {version('greengrass-emulator')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """The entry point. It prints an ``EmulatorError`` on stderr, with its remedy, and exits with its code."""
    try:
        app(prog_name="greengrass-emulator")
    except EmulatorError as error:
        sys.stderr.write(f"greengrass-emulator: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
