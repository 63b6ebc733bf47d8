"""The command ``edge-agent``: ``run`` on a device, ``check`` on a laptop. Recipes call ``python -m edge_agent``."""

import gc

# Imported objects are no garbage, and collections take a seventh of the start. `run` turns them on again.
gc.disable()

import sys  # noqa: E402

import typer  # noqa: E402

from edge_agent.cli.check import check  # noqa: E402
from edge_agent.cli.run import run  # noqa: E402
from edge_agent.errors import EdgeAgentError, WrongUseError  # noqa: E402
from shared_schema.diagnostics import ExitCode  # noqa: E402

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
        sys.stderr.write(f"error: {error.problem}\n")
        if error.remedy:
            sys.stderr.write(f"    {error.remedy}\n")
        sys.exit(ExitCode.INVALID if isinstance(error, WrongUseError) else ExitCode.FAILED)


if __name__ == "__main__":
    main()
