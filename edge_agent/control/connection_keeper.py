"""Keeps the agent connected to its nucleus and subscribed. Used by the control thread, which it never blocks for long.

It waits for what the nucleus grants by itself, since the nucleus answers at once. What the cloud grants is only asked
for: the answer is an event, and without a network it never comes.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from edge_agent.backoff import Backoff
from edge_agent.control.renewal import Renewal
from edge_agent.control.subscriptions import Subscriptions
from edge_agent.control.timing import Bounds, Timers
from edge_agent.errors import NucleusAwayError, NucleusError, TokenRefusedError
from edge_agent.nucleus.events import CommandCame, ConnectionLost, StreamEnded, Subscribed, SubscriptionRefused
from shared_schema.topics import Topics

logger = logging.getLogger(__name__)
TIMERS: Final = frozenset({"connect", "subscribe", "cloud", "renew", "echo"})
"""The timers that `ConnectionKeeper.due` handles."""
ConnectionEvent = Subscribed | SubscriptionRefused | StreamEnded | ConnectionLost


class ConnectionLink(Protocol):
    """The part of `NucleusLink` that is used here."""

    connection: int

    @property
    def connected(self) -> bool: ...
    def connect(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ConnectionCallbacks:
    """What to call when something happens.

    ``named``: the application is known, and with it the topics. ``online``: messages that wait can be sent.
    ``subscribed``: every change gives a hint from now on, so read once. ``refused``: the nucleus does not know the
    component.
    """

    named: Callable[[Topics], None]
    online: Callable[[], None]
    subscribed: Callable[[], None]
    refused: Callable[[], None]


class ConnectionKeeper:
    """Decides when to connect, to subscribe and to try again."""

    def __init__(
        self,
        link: ConnectionLink,
        subscriptions: Subscriptions,
        renewal: Renewal,
        thing: str,
        timers: Timers,
        bounds: Bounds,
        callbacks: ConnectionCallbacks,
    ) -> None:
        self._link = link
        self._subscriptions = subscriptions
        self._renewal = renewal
        self._thing = thing
        self._timers = timers
        self._bounds = bounds
        self._callbacks = callbacks
        self._topics: Topics | None = None
        self._reconnect = Backoff(0.5, 30.0)
        self._resubscribe = Backoff(0.5, 5.0)
        self._recloud = Backoff(0.5, 30.0)

    def connected(self) -> None:
        """Subscribe on a new connection."""
        self._subscriptions.forget()
        self._resubscribe.reset()
        self._recloud.reset()
        self.subscribe()
        if self._link.connected:
            self._reconnect.reset()
            self._callbacks.online()
        if self._subscriptions.forgetful:
            self._soon("renew", self._bounds.renewal)

    def _connect(self) -> None:
        try:
            self._link.connect()
        except NucleusAwayError as error:
            logger.warning("not connected", extra={"error": str(error)})
            self._soon("connect", self._reconnect.pause())
            if isinstance(error, TokenRefusedError):
                self._callbacks.refused()
            return
        self.connected()

    def took(self, event: ConnectionEvent) -> None:
        """Take an event about the connection or a subscription. Events of an earlier connection are ignored."""
        if event.connection != self._link.connection:
            return
        match event:
            case Subscribed(name):
                self._subscriptions.granted(name)
                self._callbacks.online()
                self._ask_cloud()
                if self._topics is not None and name == self._topics.echo:
                    # Send it in a while: by then it is known whether the cloud is reached.
                    self._soon("echo", self._bounds.echo)
            case SubscriptionRefused(name, _, why):
                self._subscriptions.declined(name, why)
                if not self._timers.is_set("cloud"):
                    pause = self._recloud.pause() if self._subscriptions.forgetful else self._bounds.refused_by_cloud
                    self._soon("cloud", pause)
            case StreamEnded(name):
                self._subscriptions.ended(name)
                self._soon("subscribe", self._resubscribe.pause())
            case ConnectionLost():
                if self._link.connected:
                    logger.warning("nucleus away: inferring on")
                    self._away()

    def echoed(self, event: CommandCame) -> bool:
        """Take a message if it is the agent's own echo. Return whether it was."""
        if self._topics is None or event.topic != self._topics.echo:
            return False
        self._renewal.heard_of_cloud(event.payload)
        return True

    def due(self, timer: str) -> None:
        """Do the work of one of `TIMERS`."""
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
        """Subscribe to what is missing, and read the desired state: changes before a subscription gave no event."""
        try:
            if self._topics is None and (application := self._subscriptions.application()) is not None:
                self._topics = Topics(application, self._thing)
                self._callbacks.named(self._topics)
            complete = self._subscriptions.subscribe()
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
        self._callbacks.subscribed()
        self._ask_cloud()

    def _ask_cloud(self) -> None:
        if self._topics is None:
            return
        try:
            self._subscriptions.ask_cloud(self._renewal.asked_of_cloud(self._topics))
        except NucleusError as error:
            logger.warning("the cloud's topics are not asked for", extra={"error": str(error)})
            if self._link.connected:
                self._soon("cloud", self._recloud.pause())

    def _away(self) -> None:
        self._link.close()
        self._subscriptions.forget()
        for name in TIMERS:
            self._timers.clear(name)
        self._soon("connect", self._reconnect.pause())

    def _soon(self, timer: str, seconds: float) -> None:
        self._timers.set(timer, time.monotonic() + seconds)
