"""Sends predictions to other components of the device, over the nucleus's local publish/subscribe."""

from collections.abc import Callable
from typing import ClassVar

from edge_agent.predicted import Predicted
from edge_agent.sinks.sink import Seen
from shared_schema.settings import LocalTopicSink

PostLocal = Callable[[str, bytes], None]
"""Queues a message (topic, payload) for a local topic. Never waits, and may lose it."""


class LocalTopic:
    """Best effort: while the nucleus is away, predictions are lost here."""

    durable: ClassVar[bool] = False

    def __init__(self, settings: LocalTopicSink, post: PostLocal) -> None:
        self._topic = settings.topic
        self._post = post

    def write(self, prediction: Predicted, seen: Seen) -> None:  # noqa: ARG002  the form of every sink
        self._post(self._topic, prediction.line())

    def close(self) -> None:
        """Do nothing: no file is held open."""
