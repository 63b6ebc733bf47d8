"""Waiting, with a deadline, until a condition on a device holds."""

import time
from collections.abc import Callable, Iterable
from functools import partial

from rehearsal.world import Device

PATIENCE = 30.0
"""Seconds to wait for what a device usually does within a few."""
_PAUSE = 0.1


def comes_true(holds: Callable[[], object], seconds: float | None = None) -> bool:
    """Return whether it holds within ``seconds`` (default ``PATIENCE``). A ``LookupError`` counts as not yet."""
    ends = time.monotonic() + (PATIENCE if seconds is None else seconds)
    while True:
        try:
            if holds():
                return True
        except LookupError:
            pass
        if time.monotonic() > ends:
            return False
        time.sleep(_PAUSE)


def where_it_comes_true(
    devices: Iterable[Device], holds: Callable[[Device], object], seconds: float | None = None
) -> list[str]:
    """Return the names of the devices for which it holds in time. All devices share one deadline."""
    ends = time.monotonic() + (PATIENCE if seconds is None else seconds)
    return [device.name for device in devices if comes_true(partial(holds, device), max(0.0, ends - time.monotonic()))]
