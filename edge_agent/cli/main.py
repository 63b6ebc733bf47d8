"""``edge-agent``: ``run`` on a device, ``check`` on a laptop."""

import sys

import typer

from edge_agent.cli.check import check
from edge_agent.cli.run import run
from edge_agent.errors import EdgeAgentError

app = typer.Typer(
    name="edge-agent",
    help="Serves models on a Greengrass device, and changes them while they serve.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run)
app.command("check")(check)


def main() -> None:
    """Run the command line. An error of ours becomes its message and its exit code, never a traceback."""
    try:
        app()
    except EdgeAgentError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
