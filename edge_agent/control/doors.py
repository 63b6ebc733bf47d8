"""The subscriptions by which the agent hears, and the reading of the documents at both doors."""

import logging
from collections.abc import Callable
from typing import Final, Protocol

from edge_agent.control.decisions import Door
from edge_agent.errors import NotAllowedError, NotOfferedError, NotThereError
from edge_agent.surroundings import Surroundings
from shared_schema.desired_state import KEY
from shared_schema.topics import COMMANDS, Topics

logger = logging.getLogger(__name__)
_OWN: Final = "own configuration"
_FOLLOWED: Final = "followed configuration"
_VALIDATION: Final = "validation"
_CONSENT: Final = "updates"
_LOCAL: Final = "local "
_OF_CLASSIC: Final = frozenset({_VALIDATION, _CONSENT})


class Ears(Protocol):
    """What of `NucleusLink` is used here."""

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
        self._topics: Topics | None = None
        self._local: frozenset[str] = frozenset()
        self._open: set[str] = set()
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
        self._refused.clear()

    def ended(self, name: str) -> None:
        """A subscription is gone."""
        self._open.discard(name)

    def listen(self, local: frozenset[str]) -> bool:
        """Which local topics sources want to hear from now on; whether there are new ones to subscribe to. One that
        none wants any more is heard, and not heeded, until the next connection."""
        new = local - self._local
        self._local = local
        self._unheard = {topic: words for topic, words in self._unheard.items() if topic in local}
        return bool(new)

    def subscribe(self, topics: Topics | None) -> bool:
        """Subscribe to what is missing; whether there is nothing more to try for now."""
        self._topics = topics
        complete = True
        for name, subscribe in self._wanted().items():
            if name in self._open or name in self._refused:
                continue
            try:
                subscribe()
            except NotThereError:
                complete = False
            except (NotOfferedError, NotAllowedError) as error:
                # Lite has neither, and that does not change; another failure may.
                if name in _OF_CLASSIC:
                    self._refused.add(name)
                else:
                    complete = False
                if (topic := name.removeprefix(_LOCAL)) in self._local:
                    self._unheard[topic] = f"{topic} is not heard: {error}"
                self._say_once(name, error)
            else:
                self._open.add(name)
                self._unheard.pop(name.removeprefix(_LOCAL), None)
                logger.info("subscribed", extra={"to": name})
        return complete

    def read(self) -> tuple[object, object]:
        """What stands under ``desired`` in the agent's own configuration, and in the followed component's."""
        return self._read(self._around.component), self._read(self._around.desired_component)

    def application(self) -> str | None:
        """The application that the agent's configuration names."""
        found = self._ears.configuration(self._around.component, "application")
        return found if isinstance(found, str) and found else None

    def _read(self, component: str) -> object:
        return self._ears.configuration(component, KEY)

    def _wanted(self) -> dict[str, Callable[[], None]]:
        around, ears = self._around, self._ears
        wanted: dict[str, Callable[[], None]] = {
            _VALIDATION: lambda: ears.offer_validation(_VALIDATION),
            _CONSENT: lambda: ears.offer_consent(_CONSENT),
            _OWN: lambda: ears.follow_configuration(_OWN, around.component),
            _FOLLOWED: lambda: ears.follow_configuration(_FOLLOWED, around.desired_component),
        }
        if self._topics is not None:
            for command in COMMANDS:
                topic = self._topics.command(command)
                wanted[topic] = lambda topic=topic: ears.follow_command(topic, topic)  # type: ignore[misc]
        for local in self._local:
            wanted[_LOCAL + local] = lambda local=local: ears.follow_local(_LOCAL + local, local)  # type: ignore[misc]
        return wanted

    def _say_once(self, name: str, error: Exception) -> None:
        if name not in self._said:
            self._said.add(name)
            logger.warning("not subscribed", extra={"to": name, "why": str(error)})
