"""The cloud's own time: the machine's, plus the seconds by which a test has turned it forward.

Rollouts, time-outs and client tokens use it. Sessions, certificates and the times in answers do not: they are compared
with other clocks, which are not turned.
"""

import threading
import time

from greengrass_emulator.errors import WrongUse


class Clock:
    """Unix seconds. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead = 0.0

    def now(self) -> float:
        """Return the time in Unix seconds."""
        with self._lock:
            return time.time() + self._ahead

    def turn(self, seconds: float) -> None:
        """Move the time forward. Raises ``WrongUse`` for a step back, which would not undo what has happened."""
        if seconds < 0:
            raise WrongUse(f"The clock can be turned forward only, and not by {seconds:g} s", "give 0 seconds or more")
        with self._lock:
            self._ahead += seconds
