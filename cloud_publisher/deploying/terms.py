"""On what terms deployments are made, and whom to tell meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cloud_publisher.fleet.devices import DeviceStanding
from cloud_publisher.fleet.outcome import Quorum
from cloud_publisher.fleet.waiting import Patience
from shared_schema.messages import Channel


@dataclass(frozen=True, slots=True)
class Terms:
    """``channel`` is None when it is to be chosen by the target's runtimes."""

    wait: bool = False
    retry: bool = False
    channel: Channel | None = None
    rollback_on_failure: bool = False
    quorum: Quorum = field(default_factory=Quorum)
    patience: Patience = field(default_factory=Patience)


class Watch(Protocol):
    """Whom to tell: ``say`` of each step, ``devices`` of each look at the fleet."""

    def say(self, text: str) -> None: ...

    def devices(self, standings: Sequence[DeviceStanding]) -> None: ...
