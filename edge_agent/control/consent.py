"""Answers classic's pre-update events: while the line is busy, a deployment is deferred.

The whole deployment waits, whatever is in it: the nucleus asks before it knows what it will restart.
"""

import logging
from collections import OrderedDict
from pathlib import Path
from typing import Final, Protocol

from edge_agent.control.busy_topic import BusyTopic
from edge_agent.errors import NucleusError
from shared_schema.settings import BusySettings

logger = logging.getLogger(__name__)
_MOST: Final = 16


class ConsentLink(Protocol):
    """The part of `NucleusLink` that is used here."""

    def answer_update(self, deployment: str, *, recheck_ms: int, words: str | None = None) -> None: ...


class Consent:
    """Used by the control thread only. It bounds the deferral itself: classic asks for ever
    (docs/greengrass-facts.md, "Update notification")."""

    def __init__(self, work: Path, topic: BusyTopic, link: ConsentLink) -> None:
        self._work = work
        self._topic = topic
        self._link = link
        self._first_asked: OrderedDict[str, float] = OrderedDict()

    def asked(self, deployment: str, busy: BusySettings, now: float) -> None:
        """Answer at once: without an answer the deployment waits until the nucleus's timeout."""
        first = self._first_asked.setdefault(deployment, now)
        while len(self._first_asked) > _MOST:
            self._first_asked.popitem(last=False)
        left = first + busy.limit - now
        seconds, words = 0.0, None
        if (why := self._why(busy)) is not None:
            if left > 0:
                seconds = min(busy.recheck, left)
                words = f"the line is busy ({why}); asked again in {seconds:.0f} s"
            else:
                logger.warning("busy for too long: the deployment goes on", extra={"limit": busy.limit})
        try:
            self._link.answer_update(deployment, recheck_ms=int(seconds * 1000), words=words)
        except NucleusError as error:
            logger.warning("update not answered", extra={"deployment": deployment, "error": str(error)})
            return
        logger.info("update deferred" if words else "update may go on", extra={"deployment": deployment})

    def _why(self, busy: BusySettings) -> str | None:
        """Return in words why the line counts as busy; ``None`` if it is free."""
        file = self._work / busy.file if busy.file is not None else None
        if file is not None and file.exists():
            return f"{file.name} is there"
        return f"{self._topic.name} says so" if self._topic.busy else None
