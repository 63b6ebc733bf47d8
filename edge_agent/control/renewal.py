"""Renews subscriptions that the nucleus may have forgotten, where nothing is lost by it.

Only lite forgets them: its daemons restart one by one, while connections stay
(docs/greengrass-facts.md, "What lite forgets"). A configuration is subscribed to anew each time, since it is read right
after. A topic is subscribed to anew only if its echo does not come back, so that no message is missed; a topic without
an echo is renewed each time too.
"""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from edge_agent.control.echo import Echo
from edge_agent.control.subscriptions import Subscriptions
from edge_agent.control.timing import Bounds
from edge_agent.errors import NucleusError
from shared_schema.topics import COMMANDS, Topics, local_echo

logger = logging.getLogger(__name__)


class EchoLink(Protocol):
    """The part of `NucleusLink` that is used here."""

    def publish(self, topic: str, payload: bytes) -> None: ...
    def publish_local(self, topic: str, payload: bytes) -> None: ...


class Renewal:
    """Used by the control thread only. ``reached``: whether the last message that was published reached the broker."""

    def __init__(
        self, link: EchoLink, subscriptions: Subscriptions, component: str, bounds: Bounds, reached: Callable[[], bool]
    ) -> None:
        self._link = link
        self._subscriptions = subscriptions
        self._reached = reached
        self._topic = local_echo(component)
        self._local = Echo(bounds, harmless=True)
        self._cloud = Echo(bounds)

    def asked_of_cloud(self, topics: Topics) -> tuple[str, ...]:
        """Return the IoT Core topics to subscribe to."""
        commands = tuple(map(topics.command, COMMANDS))
        return (*commands, topics.echo) if self._subscriptions.forgetful and not self._cloud.stopped else commands

    def renew(self, topics: Topics | None) -> None:
        """Mark what may be forgotten as not subscribed, or send an echo to find out. The caller subscribes."""
        self._subscriptions.renew_configuration()
        if self._subscriptions.hears(self._topic):
            self._say_locally()
        else:
            self._subscriptions.renew_local()
        if topics is not None and self._subscriptions.hears(topics.echo) and not self._cloud.stopped:
            self.say_to_cloud(topics)
        else:
            self._subscriptions.renew_cloud()

    def say_to_cloud(self, topics: Topics) -> bool:
        """Send the cloud's echo if it is subscribed to, due, and the broker is reached. Return whether it was sent."""
        now = time.monotonic()
        if not (self._subscriptions.hears(topics.echo) and self._cloud.due(now) and self._reached()):
            return False
        try:
            self._link.publish(topics.echo, self._cloud.say(now))
        except NucleusError as error:
            self._cloud.lost()
            logger.warning("echo not published: it is not sent again", extra={"error": str(error)})
            return False
        return True

    def heard_locally(self, payload: bytes) -> None:
        """Take the local echo. Called by the networking thread."""
        self._local.came(payload)

    def heard_of_cloud(self, payload: bytes) -> None:
        """Take the cloud's echo."""
        self._cloud.came(payload)

    def missed(self) -> bool:
        """Return whether an echo should have come back by now. Its topics then count as not subscribed."""
        now = time.monotonic()
        if self._cloud.awaited and not self._reached():
            self._cloud.lost()
            logger.warning("the connection to the cloud was lost right after the echo: it is not sent again")
        local, cloud = self._local.missed(now), self._cloud.missed(now)
        if local:
            logger.warning("the local echo did not come back: subscribing to local topics again")
            self._subscriptions.renew_local()
        if cloud:
            logger.warning(
                "the cloud's echo did not come back: subscribing again", extra={"asks_again": not self._cloud.stopped}
            )
            self._subscriptions.renew_cloud()
        return local or cloud

    def _say_locally(self) -> None:
        if not self._local.due(time.monotonic()):
            return
        try:
            self._link.publish_local(self._topic, self._local.say(time.monotonic()))
        except NucleusError as error:
            self._local.lost()
            logger.warning("local echo not published", extra={"error": str(error)})
