"""Sends predictions as messages: to other components of the device by a local topic, and a few of them to the cloud."""

import threading
import time
from collections.abc import Callable
from typing import ClassVar

from edge_agent.predicted import Predicted
from edge_agent.sinks.sink import Seen
from edge_agent.tasks.output import best_score, labels_said
from shared_schema.settings import IotCoreSink, LocalTopicSink

PostLocal = Callable[[str, bytes], None]
"""Queues a message (topic, payload) for a local topic. Never waits, and may lose it."""
PostCloud = Callable[[Predicted], None]
"""Queues a prediction for the cloud. Never waits."""


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


class IotCore:
    """Sends a source's prediction if its score is high enough and the last one was long enough ago: each costs money.

    With ``on-change`` its labels must also differ from the last ones. Best effort: while the device is offline, the
    newest predictions wait.
    """

    durable: ClassVar[bool] = False

    def __init__(self, settings: IotCoreSink, post: PostCloud, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._post = post
        self._clock = clock
        self._lock = threading.Lock()
        self._sent: dict[tuple[str, str], tuple[float, tuple[str, ...]]] = {}

    def write(self, prediction: Predicted, seen: Seen) -> None:  # noqa: ARG002  the form of every sink
        if self._is_news(prediction):
            self._post(prediction)

    def close(self) -> None:
        """Do nothing: no file is held open."""

    def _is_news(self, prediction: Predicted) -> bool:
        settings = self._settings
        if settings.above and (best_score(prediction.output) or 0.0) < settings.above:
            return False
        key, now, says = (prediction.source, prediction.model), self._clock(), labels_said(prediction.output)
        with self._lock:
            at, said = self._sent.get(key, (None, None))
            if at is not None and now - at < 1 / settings.rate:
                return False
            if settings.on_change and said == says:
                return False
            self._sent[key] = (now, says)
        return True
