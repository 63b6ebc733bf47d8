"""One stream of events from the nucleus. Puts events into the event queue when it is granted, refused, or ends."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from edge_agent.nucleus.events import NucleusEvent, StreamEnded, Subscribed, SubscriptionRefused
from edge_agent.nucleus.ipc_errors import nucleus_error

logger = logging.getLogger(__name__)


class Subscription:
    """One subscription. Its events carry ``name`` and ``connection``.

    The networking thread calls `answered` and `closed`, sometimes before the call that subscribes has returned.
    """

    def __init__(self, name: str, connection: int, put: Callable[[NucleusEvent], object]) -> None:
        self.stream: Any = None
        self._name = name
        self._connection = connection
        self._put = put
        self._lock = threading.Lock()
        self._granted = False
        self._closed = False
        self._given_up = False

    def answered(self, answer: "Future[Any]") -> None:
        """Take the nucleus's answer to a subscription that nobody waits for."""
        error = answer.exception()
        with self._lock:
            if self._given_up:
                return
        if error is not None:
            why = nucleus_error("subscribing", error)
            self._put(SubscriptionRefused(self._name, self._connection, why))
            return
        self._put(Subscribed(self._name, self._connection))
        self.granted()

    def granted(self) -> None:
        """Note that it was granted. From now on its end is an event."""
        with self._lock:
            self._granted = True
            ended = self._closed and not self._given_up
        if ended:
            self._put(StreamEnded(self._name, self._connection))

    def closed(self) -> None:
        """Note that the stream has ended. Without a grant that is no event: the refusal is."""
        with self._lock:
            self._closed = True
            told = self._granted and not self._given_up
        if told:
            self._put(StreamEnded(self._name, self._connection))

    def end(self) -> None:
        """End the stream, without an event."""
        with self._lock:
            self._given_up = True
            gone = self._closed
        if self.stream is None or gone:
            return
        try:
            self.stream.close()
        except Exception as error:  # noqa: BLE001  a broken connection may raise anything
            logger.debug("closing failed", extra={"error": str(error)})
