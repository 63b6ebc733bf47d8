"""What comes from a nucleus: events for the control thread, and messages of local topics."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.errors import NucleusError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hint:
    """Some configuration changed: read both channels again."""


@dataclass(frozen=True, slots=True)
class ValidationAsked:
    """The nucleus asks whether a proposed configuration is valid."""

    deployment: str
    configuration: object


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
    """A subscription was granted that nobody waited for."""

    name: str
    connection: int


@dataclass(frozen=True, slots=True)
class SubscriptionRefused:
    """A subscription was refused that nobody waited for."""

    name: str
    connection: int
    why: NucleusError


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """A subscription has ended. ``connection`` is the number of its connection."""

    name: str
    connection: int


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The connection to the nucleus is lost."""

    connection: int


Asked = ValidationAsked | UpdateAsked | CommandCame
"""Events that others may cause any number of times. Only these are bounded."""
NucleusEvent = Hint | Asked | Subscribed | SubscriptionRefused | StreamEnded | ConnectionLost
"""What a link puts into the queue."""
Listener = Callable[[bytes], None]
"""Takes a message's payload; must not wait."""


class LocalTopics:
    """Gives messages of local topics to their listeners, on the networking thread, which must never wait.

    One for the agent. Thread-safe. A topic has one listener at most, the last one that asked.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, Listener] = {}

    def listen(self, topic: str, listener: Listener) -> None:
        """Give the topic's messages to this listener from now on."""
        with self._lock:
            self._listeners[topic] = listener

    def forget(self, topic: str, listener: Listener) -> None:
        """Stop listening, unless another listener has taken over the topic."""
        with self._lock:
            if self._listeners.get(topic) == listener:
                del self._listeners[topic]

    def came(self, topic: str, payload: bytes) -> None:
        """Give a message to the topic's listener. Never waits."""
        with self._lock:
            listener = self._listeners.get(topic)
        if listener is None:
            logger.warning("request lost: no source listens", extra={"topic": topic})
        else:
            listener(payload)
