"""What an agent needs before it runs: a nucleus that accepts it, and the work folder for itself alone.

A killed nucleus leaves its agent running, and the next nucleus starts a second one. The agent that a nucleus accepts
asks for the folder. The agent without a nucleus ends when it is asked; it stays while nobody asks.
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


class ConnectionLink(Protocol):
    """The part of `NucleusLink` that is used here."""

    connection: int

    @property
    def connected(self) -> bool: ...
    def connect(self) -> None: ...
    def close(self) -> None: ...


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
                    return 1
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
            return 1
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


class GivingWay:
    """Decides whether the holder of the work folder must end. ``asked`` says whether another agent wants the folder."""

    def __init__(self, bound: float, asked: Callable[[], bool]) -> None:
        self._bound = bound
        self._asked = asked
        self._since: float | None = None

    def due(self, now: float, *, connected: bool) -> bool:
        """Return whether to end: no connection for ``bound`` seconds, and asked. ``now``: the monotonic clock."""
        if connected:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= self._bound and self._asked()
