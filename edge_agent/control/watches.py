"""What the control thread looks at by itself, each at a pace of its own: frames that hang, memory, disk and clock.

How often health is sent changes none of them.
"""

from collections.abc import Callable, Mapping
from typing import Final

from edge_agent.control.timing import Timers
from shared_schema.settings import AgentSettings

_MEMORY: Final = 1.0
"""Seconds between two looks at the memory: a model that is closed frees its own within that time."""
_HOST: Final = 5.0
"""Seconds between two looks at disk and clock."""
_FRAMES: Final = 5.0
"""Seconds: the most between two looks for frames that hang."""


def paces(settings: AgentSettings) -> Mapping[str, float]:
    """Return the seconds between two looks, by the watch's name.

    A frame that hangs is noticed within a quarter more than ``watchdog.limit``.
    """
    return {"frames": min(settings.watchdog.limit / 4, _FRAMES), "memory": _MEMORY, "host": _HOST}


class Watches:
    """``looks``: what is called for each watch of `paces`. Used by the control thread only."""

    def __init__(
        self, timers: Timers, settings: Callable[[], AgentSettings], looks: Mapping[str, Callable[[], None]]
    ) -> None:
        self._timers = timers
        self._settings = settings
        self._looks = looks

    def begin(self, now: float) -> None:
        """Make each watch due for the first time. ``now``: the monotonic clock."""
        for name in self._looks:
            self._timers.set(name, now)

    def due(self, name: str, now: float) -> bool:
        """Look, and set the next time. Return ``False`` for a timer that is no watch's."""
        if name not in self._looks:
            return False
        self._timers.set(name, now + paces(self._settings())[name])
        self._looks[name]()
        return True
