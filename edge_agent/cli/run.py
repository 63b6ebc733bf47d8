"""``edge-agent run``: what the nucleus starts. It never ends with 0, which both nuclei take for a running component."""

import gc
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from edge_agent.errors import WrongUseError
from shared_schema.diagnostics import ExitCode


def run(
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Run without a nucleus: serve what this file says, and follow its changes."),
    ] = None,
    work: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --config: the work folder; `edge-agent-work` beside FILE.")
    ] = None,
) -> None:
    """Serve the models of the desired state, until the nucleus (or Ctrl-C) ends it."""
    from edge_agent.log import log_to_stderr

    run_it = _under_a_nucleus() if config is None else _by_a_file(config, work)
    log_to_stderr()
    # Keep imported objects out of collections.
    gc.freeze()
    gc.enable()
    try:
        code = run_it()
    except Exception:
        logging.getLogger(__name__).exception("the agent failed: report this with the lines above")
        code = ExitCode.FAILED
    logging.shutdown()
    sys.stderr.flush()
    # Threads of onnxruntime or the CRT can crash while the interpreter shuts down.
    os._exit(code)


def _under_a_nucleus() -> Callable[[], int]:
    from edge_agent.component_environment import component_environment

    environment = component_environment()
    from edge_agent.control.start import run_agent
    from edge_agent.nucleus.link import NucleusLink
    from edge_agent.work_folder import WorkFolder

    folder = WorkFolder(environment.work)
    return lambda: run_agent(environment, folder, lambda put, heard: NucleusLink(environment.component, put, heard))


def _by_a_file(config: Path, work: Path | None) -> Callable[[], int]:
    from edge_agent.standalone.config_file import read_config
    from shared_schema.errors import DocumentError

    try:
        read = read_config(config)
    except DocumentError as error:
        raise WrongUseError("\n".join(str(fault) for fault in error.diagnostics)) from None
    from edge_agent.component_environment import ComponentEnvironment
    from edge_agent.control.start import run_agent
    from edge_agent.standalone.file_link import FileLink
    from edge_agent.work_folder import WorkFolder

    component = "local.edge-agent"
    place = (work or config.parent / "edge-agent-work").resolve()
    folder = WorkFolder(place)
    try:
        taken = folder.take()
    except OSError as error:
        raise WrongUseError(
            f"{place} cannot be the work folder ({error.strerror})", "name another with --work"
        ) from None
    if not taken:
        other = f"process {holder}" if (holder := folder.holder()) else "another process"
        raise WrongUseError(f"{place} is the work folder of {other}", "stop it, or name another folder with --work")
    environment = ComponentEnvironment(component=component, thing=read.thing, root=place, work=place)
    return lambda: run_agent(environment, folder, lambda put, _: FileLink(config.resolve(), place, component, put))
