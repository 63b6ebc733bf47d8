"""Publishes predictions to the cloud, each cut to the size of a message. Called by the workers' threads."""

import itertools
from collections.abc import Iterator
from typing import Any, Final

from edge_agent.predicted import Predicted
from edge_agent.reporting.publish_queue import OutgoingMessage, PublishQueue
from shared_schema.messages import MAXIMUM_BYTES, PublishedPrediction
from shared_schema.topics import Topics

_LISTS: Final = ("detections", "rows", "top")


class PublishedPredictions:
    """Has a publish queue of its own, so that many predictions never displace a confirmation. ``topics`` is set once
    the application is known; before that nothing is sent."""

    def __init__(self, thing: str, publish_queue: PublishQueue) -> None:
        self.topics: Topics | None = None
        self._thing = thing
        self._publish_queue = publish_queue
        self._sequence = itertools.count(1)

    def post(self, prediction: Predicted) -> None:
        """Queue a prediction. Never waits."""
        if self.topics is None:
            return
        told = {**prediction._asdict(), "frame_id": None, "thing": self._thing, "sequence": next(self._sequence)}
        for output, cut in _shorter_and_shorter(prediction.output):
            payload = PublishedPrediction.model_validate({**told, "output": output, "cut": cut}).encoded()
            if len(payload) <= MAXIMUM_BYTES:
                break
        self._publish_queue.post(OutgoingMessage(self.topics.prediction(prediction.model), payload))


def _shorter_and_shorter(output: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield the output, then with half of its lists each time (the best come first), and at last an empty one."""
    yield output, False
    while any(output.get(name) for name in _LISTS):
        output = {key: each[: len(each) // 2] if key in _LISTS else each for key, each in output.items()}
        yield output, True
    yield {}, True
