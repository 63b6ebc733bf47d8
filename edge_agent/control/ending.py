"""When the agent's process must end, with which exit code, and how long frames in flight may take then."""

import logging
from collections.abc import Callable

from shared_schema.diagnostics import ExitCode

logger = logging.getLogger(__name__)


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


class Ending:
    """The process goes on while ``code`` is ``None``. The code is never 0: nuclei restart what ends with another."""

    def __init__(self, giving_way: GivingWay) -> None:
        self._giving_way = giving_way
        self.code: int | None = None
        self.hung: str | None = None
        """In words, which frame hangs in a model."""
        self._grace: float | None = None

    def grace(self, usual: float) -> float:
        """Return the seconds for frames in flight: the ``usual`` ones, unless the reason to end wants others."""
        return usual if self._grace is None else self._grace

    def signalled(self, number: int) -> None:
        """End for a signal."""
        logger.info("ending", extra={"signal": number})
        self.code = 128 + number

    def failed(self) -> None:
        """End because the agent cannot do its work."""
        self.code = ExitCode.FAILED

    def hangs(self, words: str) -> None:
        """End at once for a frame that hangs in a model: it never returns."""
        logger.error("hung: ending, so that the nucleus restarts the agent", extra={"why": words})
        self.hung = words
        self._grace = 0.0
        self.failed()

    def give_way(self, now: float, *, connected: bool, longest_frame: float) -> None:
        """End if another agent was started on our folder and our nucleus is gone, once frames in flight are finished.

        ``longest_frame``: the most seconds that a frame may take.
        """
        if self._giving_way.due(now, connected=connected):
            logger.warning("giving way: another agent asks for the work folder, and our nucleus is gone")
            self._grace = longest_frame
            self.failed()
