"""Starts the agent, once it has what it needs: a nucleus that accepts it, and the work folder for itself alone.

A killed nucleus leaves its agent running, and the next nucleus starts a second one. The agent that a nucleus accepts
asks for the folder. The agent without a nucleus ends when it is asked; it stays while nobody asks.
"""

import logging
import signal
import time
from typing import Final

from edge_agent.backoff import Backoff
from edge_agent.component_environment import AGENT_VERSION, ComponentEnvironment
from edge_agent.control.agent import Agent, Communication
from edge_agent.control.connection_keeper import ConnectionLink
from edge_agent.control.event_queue import EventQueue, Stop
from edge_agent.control.refusals import Refusals
from edge_agent.control.timing import AS_DEPLOYED, Bounds
from edge_agent.errors import NucleusAwayError, TemplateError, TokenRefusedError
from edge_agent.nucleus.events import ConnectionLost, LocalTopics
from edge_agent.nucleus.link import LinkTo
from edge_agent.processes.template import Template
from edge_agent.vetting.vetter import WORKER
from edge_agent.work_folder import WorkFolder
from shared_schema.diagnostics import ExitCode

logger = logging.getLogger(__name__)
_LOOK: Final = 0.25


def run_agent(
    environment: ComponentEnvironment, folder: WorkFolder, link_to: LinkTo, bounds: Bounds = AS_DEPLOYED
) -> int:
    """Run an agent until it ends. Return the process's exit code, which is never 0."""
    event_queue, topics = EventQueue(), LocalTopics()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: event_queue.put_surely(Stop(received)))
    # The kernel sends SIGIO to the holder of a file lease when another process writes; that would end the agent.
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    logger.info("starting", extra={"version": AGENT_VERSION, "component": environment.component})
    template = Template([WORKER])
    _begin(template)
    link = link_to(event_queue.put, topics.came)
    refusals = Refusals(environment.work, bounds)
    code = admitted(link, event_queue, folder, refusals, bounds)
    if code is not None:
        link.close()
        template.stop()
        return code
    # Read the folder only once it is ours.
    try:
        return Agent(environment, Communication(event_queue, topics, link), template, folder, refusals, bounds).run()
    finally:
        template.stop()


def _begin(template: Template) -> None:
    """Start the template, which imports while we connect. If it fails, whoever asks for a worker tries again."""
    try:
        template.start()
    except TemplateError as error:
        logger.warning("template not started", extra={"error": str(error)})


def admitted(
    link: ConnectionLink, event_queue: EventQueue, folder: WorkFolder, refusals: Refusals, bounds: Bounds
) -> int | None:
    """Wait until the nucleus has accepted us and the folder is ours.

    Return ``None`` then, or the exit code with which the process is to end.
    """
    reconnect = Backoff(0.5, 30.0)
    connect_at, ends_at = 0.0, None
    while True:
        now = time.monotonic()
        if not link.connected and now >= connect_at:
            try:
                link.connect()
            except NucleusAwayError as error:
                logger.warning("not connected", extra={"error": str(error)})
                if isinstance(error, TokenRefusedError) and refusals.refused(now):
                    return ExitCode.FAILED
                connect_at = time.monotonic() + reconnect.pause()
            else:
                refusals.accepted()
                reconnect.reset()
        if link.connected:
            if _taken(folder):
                return None
            if ends_at is None:
                ends_at = now + bounds.folder
                told = {"folder": str(folder.path), "holder": folder.holder() or "", "seconds": bounds.folder}
                logger.warning("another agent holds the work folder: waiting for it to give way", extra=told)
            folder.ask()
        if ends_at is not None and now >= ends_at:
            logger.error(
                "the work folder was not given up: ending; stop the other agent",
                extra={"folder": str(folder.path), "holder": folder.holder() or ""},
            )
            return ExitCode.FAILED
        event = event_queue.take(_LOOK if ends_at is not None else max(0.0, connect_at - now))
        match event:
            case Stop(number):
                logger.info("ending", extra={"signal": number})
                return 128 + number
            case ConnectionLost(connection) if connection == link.connection:
                link.close()
                # Only an agent with a nucleus may ask.
                folder.ask_no_more()
            case _:
                pass


def _taken(folder: WorkFolder) -> bool:
    try:
        return folder.take()
    except OSError as error:
        # The agent serves without a writable folder too. Whether another one runs cannot be known then.
        logger.warning("the work folder cannot be locked", extra={"folder": str(folder.path), "error": str(error)})
        return True
