"""What went wrong on the way, for health: the last error, and how many there were. Thread-safe."""

import logging
import threading

logger = logging.getLogger(__name__)


class Tally:
    """One for the agent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._errors = 0
        self._last: str | None = None

    def error(self, words: str) -> None:
        """Remember an error; its words are cut to what a message carries."""
        with self._lock:
            self._errors += 1
            self._last = words[:300]

    @property
    def last(self) -> str | None:
        with self._lock:
            return self._last

    @property
    def errors(self) -> int:
        with self._lock:
            return self._errors
