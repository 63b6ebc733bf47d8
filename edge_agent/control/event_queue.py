"""The bounded queue that the control thread waits on: events of the nucleus, answers of the loader, and signals.

Putting never waits: a stream handler that waits blocks the thread on which its own answer comes.
"""

import queue
from dataclasses import dataclass
from typing import Final

from edge_agent.nucleus.events import Asked, Hint, NucleusEvent
from edge_agent.serving.loader import Judged, Loaded

MOST: Final = 512


@dataclass(frozen=True, slots=True)
class Stop:
    """A signal asks the process to end."""

    signal: int


Event = NucleusEvent | Stop | Loaded | Judged


class EventQueue:
    """Many threads put, one takes. Uses ``SimpleQueue``, whose ``put`` is safe in a signal handler."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._hinted = False

    def put(self, event: Event) -> bool:
        """Queue an event from outside. Return ``False`` if too many wait already.

        All hints that wait are one event. Events about subscriptions are bounded by the number of subscriptions.
        """
        if isinstance(event, Hint):
            if self._hinted:
                return True
            self._hinted = True
        elif isinstance(event, Asked) and self._events.qsize() >= MOST:
            return False
        self._events.put(event)
        return True

    def put_surely(self, event: Event) -> None:
        """Queue an event that must not be lost, and whose sender bounds it: the loader's answers, and signals."""
        self._events.put(event)

    def take(self, timeout: float) -> Event | None:
        """Return the next event, or ``None`` after ``timeout`` seconds."""
        try:
            event = self._events.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return None
        if isinstance(event, Hint):
            # Reset it before the read that it causes, so that a change during that read gives another hint.
            self._hinted = False
        return event
