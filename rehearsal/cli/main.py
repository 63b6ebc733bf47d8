"""The `mlops-rehearsal` command: a release on this machine, and the proof that the policies are what it needs.

The commands do their heavy imports themselves, so that `--help` answers at once.
"""

import sys
from typing import Annotated

import typer
from greengrass_emulator.errors import EmulatorError

from rehearsal.cli.prove_policies import prove_policies
from rehearsal.cli.run import run
from rehearsal.errors import RehearsalError
from shared_schema.version import VERSION

app = typer.Typer(
    name="mlops-rehearsal",
    help="Rehearses a repository's release on this machine: three AWS accounts, devices, the whole pipeline.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command()(prove_policies)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"mlops-at-edge {VERSION}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """The entry point. It prints an error of the rehearsal or the emulator on stderr and exits with its code."""
    try:
        app(prog_name="mlops-rehearsal")
    except (RehearsalError, EmulatorError) as error:
        sys.stderr.write(f"mlops-rehearsal: {error}\n")
        sys.exit(error.exit_code)
