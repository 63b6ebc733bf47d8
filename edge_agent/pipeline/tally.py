"""What went wrong on the way, for health: the last error, and what goes wrong just now. Thread-safe."""

import threading


class Tally:
    """One for the agent. A trouble lasts from `trouble` to `better`, an error is over when it is told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._errors = 0
        self._last: str | None = None
        self._troubles: dict[str, str] = {}

    def error(self, words: str) -> None:
        """Remember an error; its words are cut to what a message carries."""
        with self._lock:
            self._errors += 1
            self._last = words[:300]

    def trouble(self, name: str, words: str) -> None:
        """Something goes wrong until `better` is called with the same name."""
        self.error(words)
        with self._lock:
            self._troubles[name] = words[:300]

    def better(self, name: str) -> None:
        """It goes well again."""
        with self._lock:
            self._troubles.pop(name, None)

    @property
    def last(self) -> str | None:
        with self._lock:
            return self._last

    @property
    def errors(self) -> int:
        with self._lock:
            return self._errors

    @property
    def troubles(self) -> tuple[str, ...]:
        """What goes wrong just now, each once."""
        with self._lock:
            return tuple(dict.fromkeys(self._troubles.values()))
