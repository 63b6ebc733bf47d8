"""Publishes predictions to the cloud, each cut to the size of a message. Called by the workers' threads."""

import itertools
from collections.abc import Iterator

from edge_agent.predicted import Predicted
from edge_agent.reporting.publish_queue import OutgoingMessage, PublishQueue
from edge_agent.tasks.output import Output, halved
from shared_schema.messages import MAXIMUM_BYTES, PublishedPrediction
from shared_schema.topics import Topics


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


def _shorter_and_shorter(output: Output) -> Iterator[tuple[Output, bool]]:
    """Yield the output, then with half of its lists each time, and at last an empty one."""
    yield output, False
    shorter = halved(output)
    while shorter is not None:
        yield shorter, True
        shorter = halved(shorter)
    yield {}, True
