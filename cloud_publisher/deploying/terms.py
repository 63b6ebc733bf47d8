"""The options of a delivery, and the interface by which it reports its progress."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cloud_publisher.fleet.devices import DeviceStanding
from cloud_publisher.fleet.outcome import Quorum
from cloud_publisher.fleet.waiting import Patience
from shared_schema.messages import Channel


@dataclass(frozen=True, slots=True)
class Terms:
    """The options of `deploy` and `rollback`. ``channel`` is None to choose it by the target's runtimes."""

    wait: bool = False
    retry: bool = False
    channel: Channel | None = None
    rollback_on_failure: bool = False
    quorum: Quorum = field(default_factory=Quorum)
    patience: Patience = field(default_factory=Patience)


class Watch(Protocol):
    """Receives progress: ``say`` each step, ``devices`` after each look at the fleet."""

    def say(self, text: str) -> None: ...

    def devices(self, standings: Sequence[DeviceStanding]) -> None: ...
