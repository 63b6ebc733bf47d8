"""``edge-agent run``: what the nucleus starts. Never ends with 0: both nuclei take that for a component that runs."""

import gc
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.errors import WrongUseError

if TYPE_CHECKING:
    from edge_agent.control.agent import Agent


def run(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Run without a nucleus: obey this file, and follow it.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --config: the work folder; `edge-agent-work` beside FILE.")
    ] = None,
) -> None:
    """Serve the models of the desired state, until the nucleus (or Ctrl-C) ends it."""
    from edge_agent.log import log_to_stderr

    agent = _under_a_nucleus() if config is None else _by_a_file(config, work)
    log_to_stderr()
    # What was imported stays: no collection is to go through it.
    gc.freeze()
    gc.enable()
    try:
        code = agent.run()
    except Exception:
        logging.getLogger(__name__).exception("the agent failed: report this with the lines above")
        code = 1
    logging.shutdown()
    sys.stderr.flush()
    # A thread inside onnxruntime or the CRT does not survive the interpreter's own end.
    os._exit(code)


def _under_a_nucleus() -> "Agent":
    from edge_agent.surroundings import surroundings

    around = surroundings()
    from edge_agent.control.agent import Agent

    return Agent(around)


def _by_a_file(config: Path, work: Path | None) -> "Agent":
    from edge_agent.standalone.config import read_config
    from shared_schema.documents import DocumentError

    try:
        read = read_config(config)
    except DocumentError as error:
        raise WrongUseError("\n".join(str(fault) for fault in error.faults)) from None
    from edge_agent.control.agent import Agent
    from edge_agent.standalone.file_link import FileLink
    from edge_agent.surroundings import Surroundings

    component = "local.edge-agent"
    place = (work or config.parent / "edge-agent-work").resolve()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUseError(f"{place} cannot be the work folder ({error.strerror}); name another with --work") from None
    around = Surroundings(component=component, thing=read.thing, root=place, work=place)
    return Agent(around, lambda put, _: FileLink(config.resolve(), place, component, put))
