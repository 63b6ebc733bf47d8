"""A token that the nucleus refuses, for so long that only another start of the component can help."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.control.bounds import Bounds
from edge_agent.files import write_atomically

logger = logging.getLogger(__name__)


class Refusals:
    """``work``: that folder remembers over the restart when the agent last ended so. ``wall`` is a clock in seconds."""

    def __init__(self, work: Path, bounds: Bounds, wall: Callable[[], float] = time.time) -> None:
        self._note = work / "state" / "ended-without-a-token"
        self._bounds = bounds
        self._wall = wall
        self._since: float | None = None

    def accepted(self) -> None:
        """The nucleus knows the component."""
        self._since = None

    def refused(self, now: float) -> bool:
        """Whether the process is to end, now that it was refused once more. ``now``: the monotonic clock."""
        if self._since is None:
            self._since = now
        if now - self._since < self._bounds.refused or self._ended_lately():
            return False
        try:
            write_atomically(self._note, f"{self._wall():.0f}\n".encode())
        except OSError:
            # What cannot be counted is not done: the nucleus would break the component.
            return False
        logger.error("the nucleus refuses our token, and gives no other: ending, to be started with a new one")
        return True

    def _ended_lately(self) -> bool:
        try:
            ago = self._wall() - float(self._note.read_text("ascii"))
        except (OSError, ValueError):
            return False
        # A clock that was turned back says nothing of how long ago it was; the next full hour does.
        return ago < self._bounds.restarts
