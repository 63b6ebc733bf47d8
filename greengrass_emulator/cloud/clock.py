"""The cloud's own time: the machine's, and what a test has turned it forward.

Rollouts, time-outs and client tokens go by it. Sessions, certificates and the times that answers name do not: those are
compared with other machines' clocks, which nobody turns.
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
        """The time."""
        with self._lock:
            return time.time() + self._ahead

    def turn(self, seconds: float) -> None:
        """Moves the time forward. Raises ``WrongUse`` for a step back: what is done is not undone."""
        if seconds < 0:
            raise WrongUse(f"The clock can be turned forward only, and not by {seconds:g} s")
        with self._lock:
            self._ahead += seconds
