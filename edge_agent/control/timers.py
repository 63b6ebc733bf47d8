"""Timers by name, for the control thread, and pauses that grow."""


class Timers:
    """The caller gives all times, in seconds on the monotonic clock."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def set(self, name: str, at: float) -> None:
        """Set or move a timer."""
        self._at[name] = at

    def clear(self, name: str) -> None:
        self._at.pop(name, None)

    def is_set(self, name: str) -> bool:
        return name in self._at

    def wait(self, now: float, most: float) -> float:
        """Return the seconds until the next timer is due, at most ``most``."""
        return max(0.0, min((at - now for at in self._at.values()), default=most)) if self._at else most

    def due(self, now: float) -> list[str]:
        """Remove the timers that are due, and return their names in the order of their times."""
        names = sorted((name for name, at in self._at.items() if at <= now), key=lambda name: self._at[name])
        for name in names:
            del self._at[name]
        return names


class Backoff:
    """Pauses that double from ``first`` to ``longest`` seconds, until `reset`."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def pause(self) -> float:
        pause, self._next = self._next, min(self._next * 2, self._longest)
        return pause

    def reset(self) -> None:
        self._next = self._first
