"""The times of the control thread: bounds that no setting changes, and timers by name."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Bounds:
    """All in seconds, except ``messages``. Tests give smaller ones."""

    alone: float = 15.0
    """After this time without an accepted connection, the holder of the work folder ends if another agent asks."""
    folder: float = 120.0
    """How long a second agent waits for the work folder."""
    refused: float = 300.0
    """After this time with nothing but refusals of its token, the agent ends, so that a restart gives it another."""
    restarts: float = 3600.0
    """The least time between two such ends: a nucleus allows three starts within an hour
    (docs/greengrass-facts.md, "States")."""
    renewal: float = 300.0
    """The time between two renewals of subscriptions that a nucleus may have forgotten, and between two echoes."""
    refused_by_cloud: float = 120.0
    """The time between two tries for a topic that a classic nucleus refuses. With MQTT 3 and no network each try blocks
    the IPC of the whole device for 11 s (seen on 2.18.0; AwsIotMqttClient.java, establishConnection)."""
    echo: float = 10.0
    """An echo that has not come back by then counts as missed."""
    messages: int = 256
    """How many messages may wait for the cloud."""


AS_DEPLOYED: Final = Bounds()


class Timers:
    """Named timers. The caller gives all times, in seconds on the monotonic clock."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def set(self, name: str, at: float) -> None:
        """Set or move a timer."""
        self._at[name] = at

    def clear(self, name: str) -> None:
        """Remove a timer, if it is set."""
        self._at.pop(name, None)

    def is_set(self, name: str) -> bool:
        """Return whether a timer is set, due or not."""
        return name in self._at

    def wait(self, now: float, most: float) -> float:
        """Return the seconds until the next timer is due, at most ``most``."""
        return max(0.0, min(most, min(self._at.values(), default=now + most) - now))

    def due(self, now: float) -> list[str]:
        """Remove the timers that are due, and return their names in the order of their times."""
        names = sorted((name for name, at in self._at.items() if at <= now), key=lambda name: self._at[name])
        for name in names:
            del self._at[name]
        return names
