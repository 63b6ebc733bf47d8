"""What a restart of the devices shows: every classic nucleus is stopped and started, one of them without a network."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rehearsal.feeder import read_predictions
from rehearsal.timeline import Proof
from rehearsal.world import Device, World

_SECONDS_TO_SERVE = 30.0
_POLL = 0.05


def restart_devices(scenario: str, world: World, *, fed: bool) -> Proof:
    """Restart the classic devices and return the proof. The last one has no network until its agent has predicted.

    If no device is ``fed``, nobody can see what they serve, and it is not tried.
    """
    claim = "restarted devices serve what they served before, also one without a network"
    if not fed:
        return Proof(scenario, claim, True, "left out: no device is fed", tried=False)
    classic = [device for device in world.devices if device.runtime == "classic"]
    offline = classic[-1]
    faults = world.cloud.faults
    faults.cut_off(offline.name, account=offline.account)
    try:
        began = datetime.now(UTC)
        with ThreadPoolExecutor(thread_name_prefix="boot") as pool:
            list(pool.map(world.stop, classic))
        for device in classic:
            world.start(device)
        served = [device.name for device in classic if _until(partial(_waited, device, began))]
        waited = {device.name: _waited(device, began) for device in classic}
        alone = not _is_connected(offline)
    finally:
        faults.join(offline.name, account=offline.account)
    connected = [device.name for device in classic if _until(partial(_is_connected, device))]
    seconds = ", ".join(f"{name} {waited[name] or 'no prediction'}" for name in waited)
    return Proof(
        scenario,
        claim,
        alone and len(served) == len(connected) == len(classic),
        f"{offline.name} without; from an agent's start to its first prediction: {seconds}",
    )


def _waited(device: Device, since: datetime) -> str:
    """Return the time from the agent's start, after ``since``, to its first prediction; empty if there is none yet."""
    started = _started(device.agent_pid())
    if started is None:
        return ""
    moments = (each.timestamp.timestamp() for each in read_predictions(device.predictions))
    first = next((moment for moment in moments if moment > started > since.timestamp()), None)
    return f"{first - started:.1f} s" if first else ""


def _started(pid: int | None) -> float | None:
    """The time, in seconds since 1970, at which a process was forked, to a clock tick (10 ms); None if it is gone.

    Not by psutil's ``create_time``: that adds the ticks to the time of boot, which the kernel gives in whole seconds.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    ticks = int(fields[19])  # field 22 of proc(5), starttime
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")


def _is_connected(device: Device) -> bool:
    status = device.status()
    return status is not None and status.connected


def _until(holds: Callable[[], object]) -> bool:
    ends = time.monotonic() + _SECONDS_TO_SERVE
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(_POLL)
    return True
