"""Messages that wait to be published. A thread sends them, so that no other waits for the nucleus or the broker.

The queue is bounded. While the device is offline, a newer health or shadow update replaces the older one; beyond the
bound the oldest message is dropped.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.backoff import Backoff
from edge_agent.errors import NotAllowedError, NucleusError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message, or a part of one. A later one with the same ``kind`` replaces it; with ``None`` both are sent."""

    topic: str
    payload: bytes
    kind: str | None = None


class PublishQueue:
    """Owns its thread from `start` to `stop`. ``send`` is the blocking call; it raises ``NucleusError``."""

    def __init__(self, name: str, send: Callable[[str, bytes], None], *, most: int = 256, patient: bool = True) -> None:
        self._send = send
        self._most = most
        self._patient = patient
        self._changed = threading.Condition()
        self._messages: OrderedDict[int, OutgoingMessage] = OrderedDict()
        self._number = 0
        self._lost = 0
        self._stopping = False
        self._hurry = False
        self._forbidden: set[str] = set()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    @property
    def lost(self) -> int:
        """How many messages were dropped unsent."""
        return self._lost

    def start(self) -> None:
        self._thread.start()

    def post(self, *messages: OutgoingMessage) -> None:
        """Queue a message, or all the parts of one. Never waits."""
        kinds = {message.kind for message in messages} - {None}
        with self._changed:
            # The newer health goes to the end, behind what was confirmed before it.
            for key in [key for key, each in self._messages.items() if each.kind in kinds]:
                del self._messages[key]
            for message in messages:
                self._number += 1
                self._messages[self._number] = message
            while len(self._messages) > self._most:
                self._messages.popitem(last=False)
                self._lost += 1
            self._changed.notify_all()

    def holds(self, kind: str) -> bool:
        """Whether a message of this kind still waits to be sent."""
        with self._changed:
            return any(message.kind == kind for message in self._messages.values())

    def retry_now(self) -> None:
        """Try again at once: the connection is back."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()

    def stop(self, seconds: float) -> None:
        """Send what can be sent within ``seconds``, and end the thread."""
        ends = time.monotonic() + seconds
        with self._changed:
            self._changed.wait_for(lambda: not self._messages, max(0.0, ends - time.monotonic()))
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(max(0.05, ends - time.monotonic()))

    def _work(self) -> None:
        backoff = Backoff(0.5, 30.0)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._messages or self._stopping)
                if self._stopping:
                    return
                key, message = next(iter(self._messages.items()))
            gone = self._try(message)
            with self._changed:
                if gone:
                    backoff.reset()
                    # Unless a newer one has replaced it meanwhile.
                    if self._messages.get(key) is message:
                        del self._messages[key]
                    self._changed.notify_all()
                else:
                    self._changed.wait_for(lambda: self._stopping or self._hurry, backoff.pause())
                    if self._hurry:
                        backoff.reset()
                    self._hurry = False

    def _try(self, message: OutgoingMessage) -> bool:
        try:
            self._send(message.topic, message.payload)
        except NotAllowedError as error:
            if message.topic not in self._forbidden:
                self._forbidden.add(message.topic)
                logger.warning("message not allowed", extra={"topic": message.topic, "error": str(error)})
            return True
        except NucleusError as error:
            logger.debug("message waits", extra={"topic": message.topic, "error": str(error)})
            if not self._patient:
                self._lost += 1
            return not self._patient
        return True
