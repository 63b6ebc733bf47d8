"""Waiting for what devices come to say: until it holds, and no longer than a deadline."""

import time
from collections.abc import Callable, Iterable
from functools import partial

from greengrass_emulator.rehearsal.world import Device

PATIENCE = 30.0
"""Seconds for what a device does by itself within a few."""
_PAUSE = 0.1


def comes_true(holds: Callable[[], object], seconds: float | None = None) -> bool:
    """Whether it holds within so many seconds (``PATIENCE``). What raises ``LookupError`` does not hold yet."""
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
    """The names of the devices of which it comes to hold; all have the same time."""
    ends = time.monotonic() + (PATIENCE if seconds is None else seconds)
    return [device.name for device in devices if comes_true(partial(holds, device), max(0.0, ends - time.monotonic()))]
