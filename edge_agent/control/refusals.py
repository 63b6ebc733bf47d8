"""Decides when to end because the nucleus refuses our token: then only a restart of the component helps."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.control.timing import Bounds
from shared_schema.documents.writing import write_whole

logger = logging.getLogger(__name__)


class Refusals:
    """``work`` is the folder that remembers when the agent last ended for this. ``wall`` is a clock in seconds."""

    def __init__(self, work: Path, bounds: Bounds, wall: Callable[[], float] = time.time) -> None:
        self._note = work / "state" / "ended-without-a-token"
        self._bounds = bounds
        self._wall = wall
        self._since: float | None = None

    def accepted(self) -> None:
        """Note that the nucleus has accepted the component."""
        self._since = None

    def refused(self, now: float) -> bool:
        """Note one more refusal. Return whether the process is to end. ``now``: the monotonic clock."""
        if self._since is None:
            self._since = now
        if now - self._since < self._bounds.refused or self._ended_lately():
            return False
        try:
            write_whole(self._note, f"{self._wall():.0f}\n")
        except OSError:
            # Without the note the ends cannot be counted, and the nucleus would give the component up as BROKEN.
            return False
        logger.error("the nucleus refuses our token and gives no other: ending, to be restarted with a new one")
        return True

    def _ended_lately(self) -> bool:
        try:
            ago = self._wall() - float(self._note.read_text("ascii"))
        except (OSError, ValueError):
            return False
        # If the clock was turned back, the difference is negative, and counts as lately.
        return ago < self._bounds.restarts
