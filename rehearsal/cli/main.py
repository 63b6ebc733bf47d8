"""The `mlops-rehearsal` command: a release on this machine, and the proof that the policies are what it needs.

The commands do their heavy imports themselves, so that `--help` answers at once.
"""

import sys

import typer
from greengrass_emulator.errors import EmulatorError

from rehearsal.cli.prove_policies import prove_policies
from rehearsal.cli.run import run
from rehearsal.errors import RehearsalError

app = typer.Typer(
    name="mlops-rehearsal",
    help="Rehearses a repository's release on this machine: three AWS accounts, devices, the whole pipeline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command()(prove_policies)


def main() -> None:
    """The entry point. It prints an error of the rehearsal or the emulator on stderr and exits with its code."""
    try:
        app()
    except (RehearsalError, EmulatorError) as error:
        sys.stderr.write(f"mlops-rehearsal: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
