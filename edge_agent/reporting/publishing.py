"""The agent's three publish queues: for messages to the cloud, for predictions to the cloud, and for local topics.

Each has its thread, so that many predictions never displace a confirmation, and a local message waits for no broker.
"""

from typing import Final, Protocol

from edge_agent.errors import NotAllowedError, NucleusError
from edge_agent.reporting.publish_queue import OutgoingMessage, PublishQueue
from edge_agent.reporting.published_predictions import PublishedPredictions

_MOST_LOCAL: Final = 1024
_FAREWELL: Final = 0.4
"""Seconds for the last messages; classic kills five seconds after SIGTERM."""


class PublishLink(Protocol):
    """The part of `NucleusLink` that is used here."""

    def publish(self, topic: str, payload: bytes) -> None: ...
    def publish_local(self, topic: str, payload: bytes) -> None: ...


class Publishing:
    """Owns the queues' threads from `start` to `stop`. ``most``: how many messages of each kind wait for the cloud."""

    def __init__(self, link: PublishLink, thing: str, most: int) -> None:
        self._link = link
        self.reached = False
        """Whether the last message to the cloud reached the broker."""
        self.messages = PublishQueue("publish-queue", self._publish, most=most)
        self._local = PublishQueue("local-publish-queue", link.publish_local, most=_MOST_LOCAL, patient=False)
        self._prediction_queue = PublishQueue("prediction-publish-queue", link.publish, most=most)
        self.predictions = PublishedPredictions(thing, self._prediction_queue)

    def start(self) -> None:
        """Start the threads."""
        for each in (self.messages, self._local, self._prediction_queue):
            each.start()

    def post_local(self, topic: str, payload: bytes) -> None:
        """Queue a message for a local topic. Never waits."""
        self._local.post(OutgoingMessage(topic, payload))

    def retry_now(self) -> None:
        """Try again at once: the connection is back."""
        self.messages.retry_now()
        self._prediction_queue.retry_now()

    def stop(self) -> None:
        """Send what can be sent in a moment, and end the threads."""
        self.messages.stop(_FAREWELL)
        self._local.stop(0.05)
        self._prediction_queue.stop(0.05)

    def _publish(self, topic: str, payload: bytes) -> None:
        """Publish a message, and remember whether the broker was reached. Called by the queue's thread."""
        try:
            self._link.publish(topic, payload)
        except NotAllowedError:
            raise
        except NucleusError:
            self.reached = False
            raise
        self.reached = True
