"""Waits until a deployment's outcome is certain, or the time is up. Devices that have come to an end are asked no more.

The clock, the sleep and the view of the fleet are passed in.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from cloud_publisher.fleet.devices import CoreDevice, DeviceStanding, Observation
from cloud_publisher.fleet.outcome import (
    Outcome,
    Quorum,
    Wanted,
    outcome_at_deadline,
    outcome_of,
    standing_of,
)
from cloud_publisher.fleet.targets import Target

FIRST_INTERVAL = 0.3
GROWTH = 1.25
"""A look comes at most a quarter late, measured by the time that was waited already."""


class View(Protocol):
    """What waiting needs of a fleet."""

    def core_devices(self, target: Target) -> list[CoreDevice]: ...

    def observe(self, device: CoreDevice, deployment_id: str, *, with_report: bool) -> Observation: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """``timeout`` seconds in all; between two looks at the fleet 0.3 s at first, growing to ``interval`` seconds."""

    timeout: float = 1800.0
    interval: float = 10.0


@dataclass(frozen=True, slots=True)
class FleetState:
    """Every device's standing, and the outcome if it is certain."""

    standings: tuple[DeviceStanding, ...]
    outcome: Outcome | None

    @property
    def empty(self) -> bool:
        """Whether the target has no core device at all: then nobody can confirm anything yet."""
        return not self.standings


def look(view: View, target: Target, wanted: Wanted, quorum: Quorum) -> FleetState:
    """How far the fleet is now. Raises ``CloudError``."""
    return _look(view, target, wanted, quorum, {})


@dataclass(frozen=True, slots=True)
class Clock:
    """What tells the time, and lets it pass."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


def wait_for_fleet(
    view: View,
    target: Target,
    wanted: Wanted,
    *,
    quorum: Quorum,
    patience: Patience,
    still_current: Callable[[], None],
    tell: Callable[[Sequence[DeviceStanding]], None],
    clock: Clock | None = None,
) -> FleetState:
    """The fleet once its outcome is certain, or at the time-out. A target without a core device is not waited for.

    ``still_current`` raises when a newer deployment has taken this one's place; ``tell`` is told every look. Raises
    what these two raise, and ``CloudError``.
    """
    clock = clock or Clock()
    deadline = clock.monotonic() + patience.timeout
    interval = FIRST_INTERVAL
    ended: dict[str, DeviceStanding] = {}
    while True:
        state = _look(view, target, wanted, quorum, ended, clock.now())
        ended.update({each.thing: each for each in state.standings if each.final})
        tell(state.standings)
        if state.outcome is Outcome.CONFIRMED or state.empty:
            return state
        # Before a refusal is told too: a newer deployment ends this one's open executions as CANCELED.
        still_current()
        if state.outcome is not None:
            return state
        left = deadline - clock.monotonic()
        if left <= 0:
            return FleetState(state.standings, outcome_at_deadline(state.standings, quorum))
        clock.sleep(min(interval, left))
        interval = min(interval * GROWTH, patience.interval)


def _look(
    view: View,
    target: Target,
    wanted: Wanted,
    quorum: Quorum,
    ended: dict[str, DeviceStanding],
    now: datetime | None = None,
) -> FleetState:
    now = now or datetime.now(UTC)
    standings = tuple(
        ended.get(device.thing)
        or standing_of(
            view.observe(device, wanted.deployment_id, with_report=wanted.state is not None), wanted, quorum, now
        )
        for device in view.core_devices(target)
    )
    return FleetState(standings, outcome_of(standings, quorum))
