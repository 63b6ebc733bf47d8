"""Keeps the agent connected to its nucleus and subscribed, and nobody waiting: the control thread's.

What the nucleus grants by itself is waited for: it answers at once. What only the cloud grants is asked for, and the
answer is an event, which a device without a network never gets.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge_agent.control.admission import Line
from edge_agent.control.bounds import Bounds
from edge_agent.control.doors import Doors
from edge_agent.control.renewal import Renewal
from edge_agent.control.timers import Backoff, Timers
from edge_agent.errors import NucleusAwayError, NucleusError, TokenRefusedError
from edge_agent.nucleus.inbox import CommandCame, ConnectionLost, StreamEnded, Subscribed, SubscriptionRefused
from shared_schema.topics import Topics

logger = logging.getLogger(__name__)
TIMERS: Final = frozenset({"connect", "subscribe", "cloud", "renew", "echo"})
"""The names of the timers that are for `Hearing.due`."""
AboutHearing = Subscribed | SubscriptionRefused | StreamEnded | ConnectionLost


@dataclass(frozen=True, slots=True)
class Heard:
    """What the agent does then. ``named``: the application is known, and with it the topics; ``online``: what waits to
    be sent may be tried now; ``subscribed``: nothing can change any more without a hint, so read; ``refused``: the
    nucleus does not know the component."""

    named: Callable[[Topics], None]
    online: Callable[[], None]
    subscribed: Callable[[], None]
    refused: Callable[[], None]


class Hearing:
    """Decides when to connect, to subscribe and to try again."""

    def __init__(
        self, line: Line, doors: Doors, renewal: Renewal, thing: str, timers: Timers, bounds: Bounds, heard: Heard
    ) -> None:
        self._line = line
        self._doors = doors
        self._renewal = renewal
        self._thing = thing
        self._timers = timers
        self._bounds = bounds
        self._heard = heard
        self._topics: Topics | None = None
        self._reconnect = Backoff(0.5, 30.0)
        self._resubscribe = Backoff(0.5, 5.0)
        self._recloud = Backoff(0.5, 30.0)

    def connected(self) -> None:
        """The connection is new: subscribe."""
        self._doors.forget()
        self._resubscribe.reset()
        self._recloud.reset()
        self.subscribe()
        if self._line.connected:
            self._reconnect.reset()
            self._heard.online()
        if self._doors.forgetful:
            self._soon("renew", self._bounds.renewal)

    def _connect(self) -> None:
        try:
            self._line.connect()
        except NucleusAwayError as error:
            logger.warning("not connected", extra={"error": str(error)})
            self._soon("connect", self._reconnect.pause())
            if isinstance(error, TokenRefusedError):
                self._heard.refused()
            return
        self.connected()

    def took(self, event: AboutHearing) -> None:
        """What became of the connection or of a subscription. One of an earlier connection is passed over."""
        if event.connection != self._line.connection:
            return
        match event:
            case Subscribed(name):
                self._doors.granted(name)
                self._heard.online()
                self._ask_cloud()
                if self._topics is not None and name == self._topics.echo:
                    # Said in a while: by then it is known whether the cloud is reached.
                    self._soon("echo", self._bounds.echo)
            case SubscriptionRefused(name, _, why):
                self._doors.declined(name, why)
                if not self._timers.is_set("cloud"):
                    pause = self._recloud.pause() if self._doors.forgetful else self._bounds.refused_by_cloud
                    self._soon("cloud", pause)
            case StreamEnded(name):
                self._doors.ended(name)
                self._soon("subscribe", self._resubscribe.pause())
            case ConnectionLost():
                if self._line.connected:
                    logger.warning("nucleus away: inferring on")
                    self._away()

    def echoed(self, event: CommandCame) -> bool:
        """Whether what came is the agent's own echo; it is taken then."""
        if self._topics is None or event.topic != self._topics.echo:
            return False
        self._renewal.heard_of_cloud(event.payload)
        return True

    def due(self, timer: str) -> None:
        """Do what one of `TIMERS` is for."""
        match timer:
            case "connect":
                self._connect()
            case "subscribe":
                self.subscribe()
            case "cloud":
                self._ask_cloud()
            case "renew":
                self._renewal.renew(self._topics)
                self._soon("renew", self._bounds.renewal)
                self._soon("echo", self._bounds.echo)
                self.subscribe()
            case "echo":
                self._listen_for_echoes()
            case _:
                pass

    def _listen_for_echoes(self) -> None:
        if self._renewal.missed():
            self.subscribe()
        if self._topics is not None and self._renewal.say_to_cloud(self._topics):
            self._soon("echo", self._bounds.echo)

    def subscribe(self) -> None:
        """Subscribe to what is missing, and have it read: what changed before the subscription gave no event."""
        try:
            if self._topics is None and (application := self._doors.application()) is not None:
                self._topics = Topics(application, self._thing)
                self._heard.named(self._topics)
            complete = self._doors.subscribe()
        except NucleusError as error:
            logger.warning("subscribing failed", extra={"error": str(error)})
            if isinstance(error, NucleusAwayError):
                self._away()
            else:
                self._soon("subscribe", self._resubscribe.pause())
            return
        if complete and self._topics is not None:
            self._resubscribe.reset()
        else:
            self._soon("subscribe", self._resubscribe.pause())
        self._heard.subscribed()
        self._ask_cloud()

    def _ask_cloud(self) -> None:
        if self._topics is None:
            return
        try:
            self._doors.ask_cloud(self._renewal.asked_of_cloud(self._topics))
        except NucleusError as error:
            logger.warning("the cloud's topics are not asked for", extra={"error": str(error)})
            if self._line.connected:
                self._soon("cloud", self._recloud.pause())

    def _away(self) -> None:
        self._line.close()
        self._doors.forget()
        for name in TIMERS:
            self._timers.clear(name)
        self._soon("connect", self._reconnect.pause())

    def _soon(self, timer: str, seconds: float) -> None:
        self._timers.set(timer, time.monotonic() + seconds)
