"""Collects errors of the pipelines for health: the last error, and the troubles that last. Thread-safe."""

import threading


class Tally:
    """One for the agent. A trouble lasts from `trouble` to `better`; an error is a single event."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: str | None = None
        self._troubles: dict[str, str] = {}

    def error(self, words: str) -> None:
        """Remember an error; its words are cut to what a message carries."""
        with self._lock:
            self._last = words[:300]

    def trouble(self, name: str, words: str) -> None:
        """Remember a trouble, until `better` is called with the same name."""
        self.error(words)
        with self._lock:
            self._troubles[name] = words[:300]

    def better(self, name: str) -> None:
        """End a trouble."""
        with self._lock:
            self._troubles.pop(name, None)

    @property
    def last(self) -> str | None:
        """The words of the last error, if there was one."""
        with self._lock:
            return self._last

    @property
    def troubles(self) -> tuple[str, ...]:
        """The words of the troubles that last, each once."""
        with self._lock:
            return tuple(dict.fromkeys(self._troubles.values()))
