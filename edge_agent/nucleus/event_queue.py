"""What the control thread waits on: events from stream handlers, the loader and signals, in one bounded queue.

Putting never waits: a stream handler that waits stops the thread that its own answer comes on.
"""

import queue
from dataclasses import dataclass
from typing import Any, Final

from edge_agent.errors import NucleusError
from edge_agent.serving.loader import Judged, Loaded

MOST: Final = 512


@dataclass(frozen=True, slots=True)
class Hint:
    """Some configuration changed: read both channels again."""


@dataclass(frozen=True, slots=True)
class ValidationAsked:
    """The nucleus asks whether a configuration may come."""

    deployment: str
    configuration: Any


@dataclass(frozen=True, slots=True)
class UpdateAsked:
    """The nucleus asks whether a deployment may go on now."""

    deployment: str


@dataclass(frozen=True, slots=True)
class CommandCame:
    """A command from the cloud, undecoded."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription that nobody waited for is granted."""

    name: str
    connection: int


@dataclass(frozen=True, slots=True)
class SubscriptionRefused:
    """One that nobody waited for is not granted."""

    name: str
    connection: int
    why: NucleusError


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """A subscription is gone; ``connection`` numbers the connection that it was on."""

    name: str
    connection: int


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The nucleus is away."""

    connection: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A signal asks the process to end."""

    signal: int


Asked = ValidationAsked | UpdateAsked | CommandCame
"""What others may ask for any number of times."""
Event = Hint | Asked | Subscribed | SubscriptionRefused | StreamEnded | ConnectionLost | Stop | Loaded | Judged


class EventQueue:
    """Many put, one takes. Built on ``SimpleQueue``, whose ``put`` may be called from a signal handler."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._hinted = False

    def put(self, event: Event) -> bool:
        """Queue an event of the outside; ``False`` when too much is asked already. Hints that wait count as one, and
        what becomes of a subscription is bounded by their number."""
        if isinstance(event, Hint):
            if self._hinted:
                return True
            self._hinted = True
        elif isinstance(event, Asked) and self._events.qsize() >= MOST:
            return False
        self._events.put(event)
        return True

    def put_surely(self, event: Event) -> None:
        """Queue what must not be lost, and is bounded where it comes from: the loader's answers, and signals."""
        self._events.put(event)

    def take(self, timeout: float) -> Event | None:
        """The next event, or ``None`` after ``timeout`` seconds."""
        try:
            event = self._events.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return None
        if isinstance(event, Hint):
            # Before the reading that it causes, so that a change during it hints again.
            self._hinted = False
        return event
