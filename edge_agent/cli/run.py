"""``edge-agent run``: what the nucleus starts. Never ends with 0: both nuclei take that for a component that runs."""

import sys

import typer


def run() -> None:
    """Serve the models of the desired state, until the nucleus ends it."""
    from edge_agent.control.agent import Agent
    from edge_agent.log import log_to_stderr
    from edge_agent.surroundings import surroundings

    log_to_stderr()
    code = Agent.of(surroundings()).run()
    sys.stderr.flush()
    raise typer.Exit(code)
