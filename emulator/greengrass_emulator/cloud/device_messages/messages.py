"""Messages between the cloud and devices: publications to devices, and what devices publish to topics of their own.

Tests listen to the latter. Such a listener is not a subscriber at the broker.
"""

import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.mqtt_topics import topic_matches

_LIMIT = 10_000

Publish = Callable[[str, bytes], None]
"""Publishes a payload to a topic of one account's broker, without waiting."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One message from the cloud to a device."""

    topic: str
    document: JsonObject

    def payload(self) -> bytes:
        """Return the document as it goes over the wire."""
        return json.dumps(self.document).encode()


@dataclass(frozen=True, slots=True)
class Message:
    """A message from a device."""

    topic: str
    payload: bytes


class Messages:
    """The messages of one topic filter, in order. The newest are lost once 10,000 wait."""

    def __init__(self, topic_filter: str) -> None:
        self.topic_filter = topic_filter
        self._waiting: queue.Queue[Message] = queue.Queue(_LIMIT)

    def next(self, seconds: float = 10.0) -> Message:
        """Return the next message. Raises ``TimeoutError`` if none comes in time."""
        try:
            return self._waiting.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(f"nothing was published on {self.topic_filter} within {seconds:g} s") from None

    def take(self, message: Message) -> None:
        """Add a message; it is dropped if too many wait."""
        if not self._waiting.full():
            self._waiting.put_nowait(message)


class Listeners:
    """The listeners of one account. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listening: tuple[Messages, ...] = ()

    @contextmanager
    def listen(self, topic_filter: str) -> Iterator[Messages]:
        """Receive the topics of a filter until the block ends."""
        mine = Messages(topic_filter)
        with self._lock:
            self._listening += (mine,)
        try:
            yield mine
        finally:
            with self._lock:
                self._listening = tuple(each for each in self._listening if each is not mine)

    def receive(self, topic: str, payload: bytes) -> None:
        """Pass a device's message to the listeners, without waiting."""
        for each in self._listening:
            if topic_matches(each.topic_filter, topic):
                each.take(Message(topic, payload))
