"""Subscriptions that a nucleus may have forgotten without a word: renewed now and then, where nothing is lost by it.

That is lite alone: its daemons restart one by one, beside connections that stay (greengrass-facts.md). What a follower
of configuration misses while it has no stream is read right after. A topic is renewed once its echo does not come back,
so that what can be heard is not missed; without an echo of its own it is renewed all the same.
"""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from edge_agent.control.bounds import Bounds
from edge_agent.control.echo import Echo
from edge_agent.control.subscriptions import Subscriptions
from edge_agent.errors import NucleusError
from shared_schema.topics import COMMANDS, Topics, local_echo

logger = logging.getLogger(__name__)


class Mouth(Protocol):
    """What of `NucleusLink` is used here."""

    def publish(self, topic: str, payload: bytes) -> None: ...
    def publish_local(self, topic: str, payload: bytes) -> None: ...


class Renewal:
    """Used by the control thread only. ``reached``: whether what was last published got as far as the broker."""

    def __init__(
        self, mouth: Mouth, subscriptions: Subscriptions, component: str, bounds: Bounds, reached: Callable[[], bool]
    ) -> None:
        self._mouth = mouth
        self._subscriptions = subscriptions
        self._reached = reached
        self._topic = local_echo(component)
        self._local = Echo(bounds, harmless=True)
        self._cloud = Echo(bounds)

    def asked_of_cloud(self, topics: Topics) -> tuple[str, ...]:
        """The topics of the cloud to be subscribed to."""
        commands = tuple(map(topics.command, COMMANDS))
        return (*commands, topics.echo) if self._subscriptions.forgetful and not self._cloud.stopped else commands

    def renew(self, topics: Topics | None) -> None:
        """Take for not subscribed what may be forgotten, or ask by an echo. The caller subscribes."""
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
        """Say the echo, if its subscription stands, it is time, and there is a way; whether it was said."""
        now = time.monotonic()
        if not (self._subscriptions.hears(topics.echo) and self._cloud.due(now) and self._reached()):
            return False
        try:
            self._mouth.publish(topics.echo, self._cloud.say(now))
        except NucleusError as error:
            self._cloud.lost()
            logger.warning("not asked again whether commands are heard", extra={"error": str(error)})
            return False
        return True

    def heard_locally(self, payload: bytes) -> None:
        """The local echo came. By the networking thread."""
        self._local.came(payload)

    def heard_of_cloud(self, payload: bytes) -> None:
        """The cloud's echo came."""
        self._cloud.came(payload)

    def missed(self) -> bool:
        """Whether an echo should have come by now. What it stands for is taken for not subscribed then."""
        now = time.monotonic()
        if self._cloud.awaited and not self._reached():
            self._cloud.lost()
            logger.warning("the connection to the cloud was lost right after the echo: it is not said again")
        local, cloud = self._local.missed(now), self._cloud.missed(now)
        if local:
            logger.warning("local topics were not heard any more: subscribing anew")
            self._subscriptions.renew_local()
        if cloud:
            logger.warning("commands are not heard: subscribing anew", extra={"asks_again": not self._cloud.stopped})
            self._subscriptions.renew_cloud()
        return local or cloud

    def _say_locally(self) -> None:
        if not self._local.due(time.monotonic()):
            return
        try:
            self._mouth.publish_local(self._topic, self._local.say(time.monotonic()))
        except NucleusError as error:
            self._local.lost()
            logger.warning("the local echo was not said", extra={"error": str(error)})
