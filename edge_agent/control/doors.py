"""The subscriptions by which the agent hears, and the reading of the documents at both doors."""

import logging
from collections.abc import Callable
from typing import Final, Protocol

from edge_agent.control.decisions import Door
from edge_agent.errors import NotAllowedError, NotOfferedError, NotThereError, NucleusError
from edge_agent.surroundings import Surroundings
from shared_schema.desired_state import KEY
from shared_schema.topics import local_echo

logger = logging.getLogger(__name__)
_OWN: Final = "own configuration"
_FOLLOWED: Final = "followed configuration"
_VALIDATION: Final = "validation"
_CONSENT: Final = "updates"
_LOCAL: Final = "local "
_OF_CLASSIC: Final = frozenset({_VALIDATION, _CONSENT})


class Ears(Protocol):
    """What of `NucleusLink` is used here."""

    forgets: bool

    def end(self, name: str) -> None: ...
    def configuration(self, component: str, key: str) -> object | None: ...
    def follow_configuration(self, name: str, component: str) -> None: ...
    def offer_validation(self, name: str) -> None: ...
    def offer_consent(self, name: str) -> None: ...
    def follow_command(self, name: str, topic: str) -> None: ...
    def follow_local(self, name: str, topic: str) -> None: ...


class Doors:
    """Used by the control thread only. Raises ``NucleusAwayError`` when the connection fails, nothing else."""

    def __init__(self, ears: Ears, around: Surroundings) -> None:
        self._ears = ears
        self._around = around
        self._echo = local_echo(around.component)
        self._local: frozenset[str] = frozenset()
        self._open: set[str] = set()
        self._cloud: tuple[str, ...] = ()
        self._pending: set[str] = set()
        self._declined: list[str] = []
        """Of the cloud's topics, those that were refused, the latest last."""
        self._refused: set[str] = set()
        self._said: set[str] = set()
        self._unheard: dict[str, str] = {}

    @property
    def troubles(self) -> tuple[str, ...]:
        """In words, which local topics of the settings the agent may not hear."""
        return tuple(self._unheard.values())

    @property
    def open(self) -> tuple[Door, ...]:
        """The doors that a desired state can come by just now."""
        doors: list[Door] = []
        if _VALIDATION in self._open:
            doors.append("validated")
        if _FOLLOWED in self._open:
            doors.append("subscribed")
        return tuple(doors)

    @property
    def validated(self) -> bool:
        """Whether this nucleus asks before it commits, and so rolls back: classic."""
        return _VALIDATION in self._open

    def forget(self) -> None:
        """The connection is new: nothing is subscribed."""
        self._open.clear()
        self._pending.clear()
        self._refused.clear()

    def ended(self, name: str) -> None:
        """A subscription is gone."""
        self._open.discard(name)

    def granted(self, name: str) -> None:
        """A subscription that was pending stands."""
        self._pending.discard(name)
        self._open.add(name)
        logger.info("subscribed", extra={"to": name})

    def declined(self, name: str, error: NucleusError) -> None:
        """A subscription that was pending does not stand; to be asked for again in a while, but for the echo that an
        older recipe or IoT policy gives no right to: the agent can do without."""
        self._pending.discard(name)
        self._declined = [*(each for each in self._declined if each != name), name]
        others = set(self._cloud) & self._open
        if name.endswith("/echo") and (others or isinstance(error, NotAllowedError)):
            self._refused.add(name)
        self._say_once(name, error)

    def ask_cloud(self, names: tuple[str, ...]) -> None:
        """Ask for what is missing of these topics, and for no other. The answers come as events, when there is a
        network. Where the nucleus is classic for one alone until one stands: asking in vain may hold IPC up."""
        for gone in set(self._cloud) - set(names):
            self._ears.end(gone)
            self._open.discard(gone)
            self._pending.discard(gone)
        self._cloud = names
        missing = [name for name in names if name not in self._open | self._pending | self._refused]
        if not self.forgetful and not self._open.intersection(names):
            missing.sort(key=lambda name: self._declined.index(name) if name in self._declined else -1)
            missing = [] if self._pending else missing[:1]
        for name in missing:
            self._ears.follow_command(name, name)
            self._pending.add(name)

    @property
    def forgetful(self) -> bool:
        """Whether parts of this nucleus may restart by themselves, and forget what was subscribed: lite."""
        return self._ears.forgets and _VALIDATION in self._refused

    def hears(self, topic: str) -> bool:
        """Whether a topic, of the cloud or a local one, is subscribed to."""
        return topic in self._open or _LOCAL + topic in self._open

    def renew_configuration(self) -> None:
        """Take the configuration for not subscribed: the next `subscribe` ends the old streams and opens new ones."""
        self._open -= {_OWN, _FOLLOWED}

    def renew_local(self) -> None:
        """The same for local topics."""
        self._open -= {name for name in self._open if name.startswith(_LOCAL)}

    def renew_cloud(self) -> None:
        """The same for the cloud's, by `ask_cloud`."""
        self._open -= set(self._cloud)

    def listen(self, local: frozenset[str]) -> bool:
        """Which local topics sources want to hear from now on; whether there are new ones to subscribe to. One that
        none wants any more is heard, and not heeded, until the next connection."""
        new = local - self._local
        self._local = local
        self._unheard = {topic: words for topic, words in self._unheard.items() if topic in local}
        return bool(new)

    def subscribe(self) -> bool:
        """Subscribe to what is missing of what the nucleus grants by itself; whether there is nothing more to try."""
        first = [self._try(name, subscribe) for name, subscribe in self._of_nucleus().items()]
        # What these tell of the nucleus decides which of the others are wanted.
        return all([*first, *(self._try(_LOCAL + topic, self._hearing_of(topic)) for topic in self._topics())])

    def _try(self, name: str, subscribe: Callable[[], None]) -> bool:
        """Subscribe, unless that is done; whether there is nothing more to try."""
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
            # Lite has neither of those two, an older recipe no right to the third; another failure may pass.
            self._refused.add(name)
        else:
            self._open.add(name)
            self._unheard.pop(topic, None)
            logger.info("subscribed", extra={"to": name})
        return True

    def read(self) -> tuple[object, object]:
        """What stands under ``desired`` in the agent's own configuration, and in the followed component's."""
        return self._read(self._around.component), self._read(self._around.desired_component)

    def application(self) -> str | None:
        """The application that the agent's configuration names."""
        found = self._ears.configuration(self._around.component, "application")
        return found if isinstance(found, str) and found else None

    def _read(self, component: str) -> object:
        return self._ears.configuration(component, KEY)

    def _of_nucleus(self) -> dict[str, Callable[[], None]]:
        around, ears = self._around, self._ears
        return {
            _VALIDATION: lambda: ears.offer_validation(_VALIDATION),
            _CONSENT: lambda: ears.offer_consent(_CONSENT),
            _OWN: lambda: ears.follow_configuration(_OWN, around.component),
            _FOLLOWED: lambda: ears.follow_configuration(_FOLLOWED, around.desired_component),
        }

    def _topics(self) -> frozenset[str]:
        """The local topics to subscribe to: with an echo where there is any, and a nucleus that forgets."""
        return self._local | {self._echo} if self._local and self.forgetful else self._local

    def _hearing_of(self, topic: str) -> Callable[[], None]:
        return lambda: self._ears.follow_local(_LOCAL + topic, topic)

    def _say_once(self, name: str, error: Exception) -> None:
        if name not in self._said:
            self._said.add(name)
            logger.warning("not subscribed", extra={"to": name, "why": str(error)})
