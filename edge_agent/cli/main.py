"""``edge-agent``: ``run`` on a device, ``check`` on a laptop."""

import sys
from typing import Annotated

import typer

from edge_agent.cli.check import check
from edge_agent.cli.run import run
from edge_agent.errors import EdgeAgentError, WrongUseError
from shared_schema.diagnostics import ExitCode
from shared_schema.version import VERSION

app = typer.Typer(
    name="edge-agent",
    help="Serves models on a Greengrass device, and changes them while they serve.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("run")(run)
app.command("check")(check)


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
    """Run the command line. An error of ours becomes its message and its exit code, never a traceback."""
    try:
        app(prog_name="edge-agent")
    except EdgeAgentError as error:
        sys.stderr.write(f"error: {error.problem}\n")
        if error.remedy:
            sys.stderr.write(f"    {error.remedy}\n")
        sys.exit(ExitCode.INVALID if isinstance(error, WrongUseError) else ExitCode.FAILED)
