"""Whether the line is busy, as another component says on a local topic: ``{"busy": true}`` or ``{"busy": false}``.

A nucleus does not retain local messages, so the last one counts here until the next, over a lost connection too. An
agent that has just started takes the line for free: the component that says it must repeat it now and then.
`consent.py` bounds how long a deployment waits.
"""

import logging

from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError

from edge_agent.nucleus.events import LocalTopics

logger = logging.getLogger(__name__)


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore")

    busy: StrictBool


class BusyTopic:
    """The control thread calls `listen`. The networking thread calls `came`, which never waits."""

    def __init__(self, topics: LocalTopics) -> None:
        self._topics = topics
        self._listener = self.came
        self._busy = False
        self.name: str | None = None
        """The topic that this object listens to, if any."""

    @property
    def busy(self) -> bool:
        """Whether the last message said busy."""
        return self._busy

    def listen(self, name: str | None) -> None:
        """Listen to this topic from now on, or to none. A new topic begins as free."""
        if name == self.name:
            return
        if self.name is not None:
            self._topics.forget(self.name, self._listener)
        self.name, self._busy = name, False
        if name is not None:
            self._topics.listen(name, self._listener)

    def came(self, payload: bytes) -> None:
        """Take a message. One that cannot be read is logged and ignored."""
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
