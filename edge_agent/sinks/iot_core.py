"""Sends predictions to the cloud, but few of them: each costs money."""

import threading
import time
from collections.abc import Callable
from typing import ClassVar

from edge_agent.predicted import Predicted
from edge_agent.sinks.sink import Seen
from edge_agent.tasks.reading import best_score, labels_said
from shared_schema.settings import IotCoreSink

PostCloud = Callable[[Predicted], None]
"""Queues a prediction for the cloud. Never waits."""


class IotCore:
    """Sends a source's prediction if its score is high enough and the last one was long enough ago.

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
