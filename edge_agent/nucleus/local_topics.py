"""Gives messages of local topics to their listeners, on the networking thread, which must never wait."""

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)
Listener = Callable[[bytes], None]
"""Takes a message's payload; must not wait."""


class LocalTopics:
    """One for the agent. Thread-safe. A topic has one listener at most, the last one that asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, Listener] = {}

    def listen(self, topic: str, listener: Listener) -> None:
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
