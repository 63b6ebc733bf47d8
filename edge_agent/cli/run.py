"""``edge-agent run``: what the nucleus starts. Never ends with 0: both nuclei take that for a component that runs."""

import logging
import os
import sys


def run() -> None:
    """Serve the models of the desired state, until the nucleus ends it."""
    from edge_agent.control.agent import Agent
    from edge_agent.log import log_to_stderr
    from edge_agent.surroundings import surroundings

    around = surroundings()
    log_to_stderr()
    try:
        code = Agent(around).run()
    except Exception:
        logging.getLogger(__name__).exception("the agent failed: report this with the lines above")
        code = 1
    logging.shutdown()
    sys.stderr.flush()
    # A thread inside onnxruntime or the CRT does not survive the interpreter's own end.
    os._exit(code)
