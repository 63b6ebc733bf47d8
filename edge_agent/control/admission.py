"""Before the agent: a nucleus that accepts it, and the work folder for itself alone. And when its holder gives way.

A killed nucleus leaves its agent running, and the next one starts another. The one that a nucleus accepts asks for the
folder; the one that has none goes, once it is asked. With no nucleus and nobody who asks, the holder stays.
"""

import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

from edge_agent.control.bounds import Bounds
from edge_agent.control.refusals import Refusals
from edge_agent.control.timers import Backoff
from edge_agent.errors import NucleusAwayError, TokenRefusedError
from edge_agent.nucleus.event_queue import ConnectionLost, EventQueue, Stop
from edge_agent.work_folder import WorkFolder

logger = logging.getLogger(__name__)
_LOOK: Final = 0.25


class Line(Protocol):
    """What of `NucleusLink` is used here."""

    connection: int

    @property
    def connected(self) -> bool: ...
    def connect(self) -> None: ...
    def close(self) -> None: ...


def admitted(line: Line, event_queue: EventQueue, folder: WorkFolder, refusals: Refusals, bounds: Bounds) -> int | None:
    """Wait until the nucleus has accepted us and the folder is ours: ``None``, or the exit code if it is not to be."""
    reconnect = Backoff(0.5, 30.0)
    connect_at, ends_at = 0.0, None
    while True:
        now = time.monotonic()
        if not line.connected and now >= connect_at:
            try:
                line.connect()
            except NucleusAwayError as error:
                logger.warning("not connected", extra={"error": str(error)})
                if isinstance(error, TokenRefusedError) and refusals.refused(now):
                    return 1
                connect_at = time.monotonic() + reconnect.pause()
            else:
                refusals.accepted()
                reconnect.reset()
        if line.connected:
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
            return 1
        event = event_queue.take(_LOOK if ends_at is not None else max(0.0, connect_at - now))
        match event:
            case Stop(number):
                logger.info("ending", extra={"signal": number})
                return 128 + number
            case ConnectionLost(connection) if connection == line.connection:
                line.close()
                # Who has no nucleus asks for nothing.
                folder.ask_no_more()
            case _:
                pass


def _taken(folder: WorkFolder) -> bool:
    try:
        return folder.take()
    except OSError as error:
        # The agent serves from a folder that it cannot write; then nobody can tell whether it is alone.
        logger.warning("the work folder cannot be locked", extra={"folder": str(folder.path), "error": str(error)})
        return True


class GivingWay:
    """Whether the holder of the folder must go. ``asked`` says whether somebody wants it."""

    def __init__(self, bound: float, asked: Callable[[], bool]) -> None:
        self._bound = bound
        self._asked = asked
        self._since: float | None = None

    def due(self, now: float, *, connected: bool) -> bool:
        """``now``: the monotonic clock. Asks only once the connection has been away for long enough."""
        if connected:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= self._bound and self._asked()
