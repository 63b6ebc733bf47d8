"""Whether the line may be disturbed, as another component says on a local topic: ``{"busy": true}``, and ``false``.

A nucleus keeps no message for who comes late, so the last one is kept here: it counts until the next, also over a lost
connection. An agent that has just started has heard none, and takes the line for free: a component that matters says it
anew every now and then. How long a deployment waits at most is `consent.py`'s to bound.
"""

import logging

from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError

from edge_agent.nucleus.local_topics import LocalTopics

logger = logging.getLogger(__name__)


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore")

    busy: StrictBool


class BusyTopic:
    """`listen` is the control thread's; what is heard comes by the networking thread, which never waits here."""

    def __init__(self, topics: LocalTopics) -> None:
        self._topics = topics
        self._listener = self.came
        self._busy = False
        self.name: str | None = None
        """The topic that is listened to."""

    @property
    def busy(self) -> bool:
        """What was said last."""
        return self._busy

    def listen(self, name: str | None) -> None:
        """Listen to this topic from now on, or to none; what was said on another counts no more."""
        if name == self.name:
            return
        if self.name is not None:
            self._topics.forget(self.name, self._listener)
        self.name, self._busy = name, False
        if name is not None:
            self._topics.listen(name, self._listener)

    def came(self, payload: bytes) -> None:
        """Take a message; one that says neither changes nothing."""
        try:
            busy = _Said.model_validate_json(payload).busy
        except ValidationError:
            logger.warning(
                'message not understood; send {"busy": true} or {"busy": false}', extra={"topic": self.name or ""}
            )
            return
        if busy != self._busy:
            logger.info("line busy" if busy else "line free", extra={"topic": self.name or ""})
        self._busy = busy
