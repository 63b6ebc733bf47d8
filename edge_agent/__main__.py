"""The command ``edge-agent``. Recipes call ``python -m edge_agent``."""

import gc

# Imported objects are no garbage, and collections take a seventh of the start. `run` turns them on again.
gc.disable()

from shared_schema.extras import needs_extra  # noqa: E402


def main() -> None:
    """Run the command line; without the extra ``agent``, say so."""
    with needs_extra("edge-agent", "agent"):
        from edge_agent.cli.main import main as command_line  # noqa: PLC0415 - it may not be importable

        command_line()


if __name__ == "__main__":
    main()
