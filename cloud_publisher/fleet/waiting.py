"""Waits until a deployment's outcome is certain, or until the time-out. The clock and the follower are passed in."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cloud_publisher.fleet.devices import DeviceStanding
from cloud_publisher.fleet.following import FleetState, Follower
from cloud_publisher.fleet.outcome import Outcome, outcome_at_deadline

FIRST_INTERVAL = 0.3
GROWTH = 1.25
"""The next look comes after this share of the time that was waited already."""
CHECK_EVERY = 60.0
"""Seconds between two looks at the deployment itself, unless its job says that it was cancelled."""


@dataclass(frozen=True, slots=True)
class Patience:
    """``timeout`` seconds in all; between two looks at the fleet 0.3 s at first, growing to ``interval`` seconds."""

    timeout: float = 1800.0
    interval: float = 10.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the time and sleeps."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


def wait_for_fleet(
    follower: Follower,
    *,
    patience: Patience,
    still_current: Callable[[], None],
    tell: Callable[[Sequence[DeviceStanding]], None],
    clock: Clock,
) -> FleetState:
    """Return the fleet once its outcome is certain, or at the time-out; at once if the target has no core device.

    ``still_current`` raises when a newer deployment has replaced this one; ``tell`` gets the result of every look.
    Raises what these two raise, and ``CloudError``.
    """
    began = clock.monotonic()
    deadline = began + patience.timeout
    interval = FIRST_INTERVAL
    checked = began
    while True:
        at = clock.monotonic()
        state = follower.look(at, clock.now(), last=at >= deadline)
        tell(state.standings)
        if state.outcome is Outcome.CONFIRMED or state.empty:
            return state
        left = deadline - at
        # Checked before a refusal too: a newer deployment ends this one's open executions as CANCELED.
        if state.outcome or state.closed or left <= 0 or follower.job_id is None or at - checked >= CHECK_EVERY:
            still_current()
            checked = at
        if state.outcome is not None:
            return state
        if left <= 0:
            return FleetState(state.standings, outcome_at_deadline(state.standings, follower.quorum))
        clock.sleep(min(interval, left))
        interval = min(interval * GROWTH, patience.interval)
