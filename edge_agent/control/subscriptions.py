"""The agent's subscriptions at its nucleus, and the reading of the desired state on both channels."""

import logging
from collections.abc import Callable
from typing import Final, Protocol

from edge_agent.component_environment import ComponentEnvironment
from edge_agent.errors import NotAllowedError, NotOfferedError, NotThereError, NucleusError
from shared_schema.desired_state import KEY
from shared_schema.messages import Channel
from shared_schema.topics import local_echo

logger = logging.getLogger(__name__)
_OWN: Final = "own configuration"
_DESIRED: Final = "desired configuration"
_VALIDATION: Final = "validation"
_CONSENT: Final = "updates"
_LOCAL: Final = "local "
_OF_CLASSIC: Final = frozenset({_VALIDATION, _CONSENT})


class SubscriptionLink(Protocol):
    """The part of `NucleusLink` that is used here."""

    forgets: bool

    def end(self, name: str) -> None: ...
    def configuration(self, component: str, key: str) -> object | None: ...
    def subscribe_to_configuration(self, name: str, component: str) -> None: ...
    def offer_validation(self, name: str) -> None: ...
    def offer_consent(self, name: str) -> None: ...
    def subscribe_to_command(self, name: str, topic: str) -> None: ...
    def subscribe_to_local(self, name: str, topic: str) -> None: ...


class Subscriptions:
    """Used by the control thread only. Its methods raise ``NucleusAwayError`` if the connection fails, nothing else."""

    def __init__(self, link: SubscriptionLink, environment: ComponentEnvironment) -> None:
        self._link = link
        self._environment = environment
        self._echo = local_echo(environment.component)
        self._local: frozenset[str] = frozenset()
        self._open: set[str] = set()
        self._cloud: tuple[str, ...] = ()
        self._pending: set[str] = set()
        self._declined: list[str] = []
        """The IoT Core topics that were refused, the latest last."""
        self._refused: set[str] = set()
        self._said: set[str] = set()
        self._unheard: dict[str, str] = {}

    @property
    def troubles(self) -> tuple[str, ...]:
        """In words, which local topics of the settings the agent cannot subscribe to."""
        return tuple(self._unheard.values())

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels on which a desired state can arrive now."""
        channels: list[Channel] = []
        if _VALIDATION in self._open:
            channels.append(Channel.VALIDATED)
        if _DESIRED in self._open:
            channels.append(Channel.SUBSCRIBED)
        return tuple(channels)

    @property
    def validated(self) -> bool:
        """Whether this nucleus asks before it commits, and so rolls back. Only classic does."""
        return _VALIDATION in self._open

    def forget(self) -> None:
        """Forget all subscriptions: the connection is new or lost."""
        self._open.clear()
        self._pending.clear()
        self._refused.clear()

    def ended(self, name: str) -> None:
        """Note that a subscription has ended."""
        self._open.discard(name)

    def granted(self, name: str) -> None:
        """Note that a pending subscription was granted."""
        self._pending.discard(name)
        self._open.add(name)
        logger.info("subscribed", extra={"to": name})

    def declined(self, name: str, error: NucleusError) -> None:
        """Note that a pending subscription was refused. `ask_cloud` asks for it again.

        It does not ask again for the echo if an older recipe or IoT policy does not allow it: the agent works without.
        """
        self._pending.discard(name)
        self._declined = [*(each for each in self._declined if each != name), name]
        others = set(self._cloud) & self._open
        if name.endswith("/echo") and (others or isinstance(error, NotAllowedError)):
            self._refused.add(name)
        self._say_once(name, error)

    def ask_cloud(self, names: tuple[str, ...]) -> None:
        """Subscribe to those of these IoT Core topics that are missing, and end all others.

        The answers come as events, as soon as there is a network. Until one topic is granted, classic is asked for one
        at a time: each try without a network may block IPC.
        """
        for gone in set(self._cloud) - set(names):
            self._link.end(gone)
            self._open.discard(gone)
            self._pending.discard(gone)
        self._cloud = names
        missing = [name for name in names if name not in self._open | self._pending | self._refused]
        if not self.forgetful and not self._open.intersection(names):
            missing.sort(key=lambda name: self._declined.index(name) if name in self._declined else -1)
            missing = [] if self._pending else missing[:1]
        for name in missing:
            self._link.subscribe_to_command(name, name)
            self._pending.add(name)

    @property
    def forgetful(self) -> bool:
        """Whether parts of this nucleus may restart by themselves and forget subscriptions. Only lite's do."""
        return self._link.forgets and _VALIDATION in self._refused

    def hears(self, topic: str) -> bool:
        """Return whether the agent is subscribed to a topic, local or of IoT Core."""
        return topic in self._open or _LOCAL + topic in self._open

    def renew_configuration(self) -> None:
        """Mark the configurations as not subscribed: the next `subscribe` ends the old streams and opens new ones."""
        self._open -= {_OWN, _DESIRED}

    def renew_local(self) -> None:
        """Do the same for local topics."""
        self._open -= {name for name in self._open if name.startswith(_LOCAL)}

    def renew_cloud(self) -> None:
        """Do the same for IoT Core topics, which `ask_cloud` then asks for."""
        self._open -= set(self._cloud)

    def listen(self, local: frozenset[str]) -> bool:
        """Set the local topics that sources listen to. Return whether there are new ones to subscribe to.

        A subscription that no source needs any more stays until the next connection; its messages are ignored.
        """
        new = local - self._local
        self._local = local
        self._unheard = {topic: words for topic, words in self._unheard.items() if topic in local}
        return bool(new)

    def subscribe(self) -> bool:
        """Subscribe to what is missing and what the nucleus grants by itself. Return whether nothing is left to try."""
        first = [self._try(name, subscribe) for name, subscribe in self._of_nucleus().items()]
        # Whether the nucleus is classic or lite decides which local topics are needed.
        return all([*first, *(self._try(_LOCAL + topic, self._hearing_of(topic)) for topic in self._topics())])

    def _try(self, name: str, subscribe: Callable[[], None]) -> bool:
        """Subscribe, unless that is done. Return whether nothing is left to try."""
        if name in self._open or name in self._refused:
            return True
        topic = name.removeprefix(_LOCAL)
        try:
            subscribe()
        except NotThereError:
            return False
        except (NotOfferedError, NotAllowedError) as error:
            if topic in self._local:
                self._unheard[topic] = f"{topic} is not heard: {error}"
            self._say_once(name, error)
            if name not in _OF_CLASSIC and topic != self._echo:
                return False
            # Lite never offers those two, and an older recipe never allows the echo. Any other failure may pass.
            self._refused.add(name)
        else:
            self._open.add(name)
            self._unheard.pop(topic, None)
            logger.info("subscribed", extra={"to": name})
        return True

    def read(self) -> tuple[object, object]:
        """Return what stands under ``desired`` in the agent's own configuration, and in that of ``<agent>.desired``."""
        return self._read(self._environment.component), self._read(self._environment.desired_component)

    def application(self) -> str | None:
        """Return the application that the agent's configuration names, if it names one."""
        found = self._link.configuration(self._environment.component, "application")
        return found if isinstance(found, str) and found else None

    def _read(self, component: str) -> object:
        return self._link.configuration(component, KEY)

    def _of_nucleus(self) -> dict[str, Callable[[], None]]:
        environment, link = self._environment, self._link
        return {
            _VALIDATION: lambda: link.offer_validation(_VALIDATION),
            _CONSENT: lambda: link.offer_consent(_CONSENT),
            _OWN: lambda: link.subscribe_to_configuration(_OWN, environment.component),
            _DESIRED: lambda: link.subscribe_to_configuration(_DESIRED, environment.desired_component),
        }

    def _topics(self) -> frozenset[str]:
        """Return the local topics to subscribe to, with the echo if there are any and the nucleus may forget them."""
        return self._local | {self._echo} if self._local and self.forgetful else self._local

    def _hearing_of(self, topic: str) -> Callable[[], None]:
        return lambda: self._link.subscribe_to_local(_LOCAL + topic, topic)

    def _say_once(self, name: str, error: Exception) -> None:
        if name not in self._said:
            self._said.add(name)
            logger.warning("not subscribed", extra={"to": name, "why": str(error)})
