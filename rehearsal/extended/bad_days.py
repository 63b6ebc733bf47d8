"""Scenario 4: unreadable images, a killed agent, no broker, no IPC connection, a full disk. The agent predicts on."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.extended import rows
from rehearsal.extended.context import (
    ScenarioContext,
    comes_true,
    pids,
    predictions_of,
    serves_all,
    where_it_comes_true,
)
from rehearsal.extended.deploy_repository import CAMERA, DIGITS, IMAGES, MODELS
from rehearsal.extended.made_models import picture_of_belt
from rehearsal.extended.no_connection import no_connection
from rehearsal.timeline import Proof
from rehearsal.world import Device
from shared_schema.messages import AgentState, Health

_SCENARIO = "4 bad days"
_A_BYTE = 1
_SECONDS_TO_LIMIT = 10.0
_ASIDE = f"{IMAGES}.unreadable"
_FRAMES_MEANWHILE = 8
_AWAY = timedelta(seconds=2)


def bad_days(context: ScenarioContext) -> Iterator[Proof]:
    """Cause one fault after the other. The devices must be well before and after each."""
    yield _unreadable(context)
    yield from _killed(context)
    yield from _broker_away(context)
    yield from no_connection(_SCENARIO, context)
    yield from _disk_full(context)


def _unreadable(context: ScenarioContext) -> Proof:
    """Move files that are not images into the folder, as a camera does with its images."""
    bad = {"bad-empty.png": b"", "bad-text.png": b"no image at all", "bad-half.png": _half_an_image()}
    for device in context.devices:
        for name, content in bad.items():
            beside = device.work / f".{name}"
            beside.write_bytes(content)
            beside.rename(device.work / IMAGES / name)
    aside = where_it_comes_true(
        context.devices, lambda device: {path.name for path in (device.work / _ASIDE).glob("*")} == bad.keys()
    )
    reported = where_it_comes_true(
        context.devices,
        lambda device: (
            (health := _newest(context, device)).models[DIGITS].errors >= len(bad)
            and any(name in (health.last_error or "") for name in bad)
        ),
    )
    shown = {_newest(context, device).last_error or "" for device in context.devices}
    return Proof(
        _SCENARIO,
        "unreadable images are set aside, counted and named, and the agent goes on",
        rows.on_all(context, aside) and rows.on_all(context, reported),
        f"{len(bad)} a device; {next(iter(shown))[:80]}",
    )


def _killed(context: ScenarioContext) -> Iterator[Proof]:
    """Kill the agents. The nucleus restarts them, and they load the models that they had confirmed."""
    before, began = pids(context), datetime.now(UTC)
    for device in context.devices:
        os.kill(_pid(device), signal.SIGKILL)
    context.rehearsal.timeline.add("world", "every agent is killed")
    back = where_it_comes_true(
        context.devices,
        lambda device: device.agent_pid() not in {None, before[device.name]} and serves_all(device, began),
    )
    well = where_it_comes_true(context.devices, lambda device: _is_well(context, device, began))
    yield Proof(
        _SCENARIO,
        "a killed agent comes back, serves every model and is SERVING",
        rows.on_all(context, back) and rows.on_all(context, well),
        ", ".join(f"{name} pid {before[name]} → {pid}" for name, pid in pids(context).items()),
    )
    yield rows.every_scan_once(_SCENARIO, context)


def _broker_away(context: ScenarioContext) -> Iterator[Proof]:
    """Take the broker away for a while: devices predict on, and send their messages afterwards."""
    faults = context.rehearsal.world.cloud.faults
    before = pids(context)
    left = datetime.now(UTC)
    faults.take_away("broker")
    try:
        inferred = where_it_comes_true(
            context.devices,
            lambda device: (
                sum(each.timestamp > left for each in predictions_of(device, CAMERA)) >= _FRAMES_MEANWHILE
                and datetime.now(UTC) > left + _AWAY
            ),
        )
        marks = {device.name: context.listener(device).mark() for device in context.devices}
    finally:
        faults.bring_back("broker")
    came = datetime.now(UTC)
    context.rehearsal.timeline.add(
        "world", "the broker was away", began=context.rehearsal.timeline.now() - (came - left).seconds
    )
    late = where_it_comes_true(
        context.devices,
        lambda device: any(
            left < each.timestamp < came
            for each in context.listener(device).predictions(device.name, MODELS, marks[device.name])
        ),
    )
    healthy = where_it_comes_true(
        context.devices, lambda device: context.listener(device).health(device.name, marks[device.name])
    )
    yield Proof(
        _SCENARIO,
        "while the broker is away every device predicts on",
        rows.on_all(context, inferred),
        f"{(came - left).total_seconds():.1f} s away, {_FRAMES_MEANWHILE} scans and more on {len(inferred)} devices",
    )
    waited = [len(context.listener(d).predictions(d.name, MODELS, marks[d.name])) for d in context.devices]
    yield Proof(
        _SCENARIO,
        "when it is back, the waiting messages arrive: health, and predictions of that time",
        rows.on_all(context, late) and rows.on_all(context, healthy),
        f"{sum(waited)} predictions",
    )
    yield rows.same_processes(_SCENARIO, context, before)


def _disk_full(context: ScenarioContext) -> Iterator[Proof]:
    """Fill the lite device's disk, and free it again."""
    device, before = context.lite, pids(context)
    began = datetime.now(UTC)
    with _no_room(device):
        degraded = comes_true(
            lambda: (
                (health := _newest(context, device)).timestamp > began
                and health.state is AgentState.DEGRADED
                and "cannot be written" in (health.why or "")
            )
        )
        why = (_newest(context, device).why or "").replace(f"{device.work}/", "")
    freed = datetime.now(UTC)
    well = comes_true(lambda: _is_well(context, device, freed))
    yield Proof(
        _SCENARIO,
        "with a full disk the agent is DEGRADED and says why; with free space it is SERVING again",
        degraded and well,
        f"{device.name}: {why}",
    )
    yield rows.same_processes(_SCENARIO, context, before)
    yield rows.every_scan_once(_SCENARIO, context)


@contextmanager
def _no_room(device: Device) -> Iterator[None]:
    """Limit the file size of the agent's process, as ``greengrass_emulator.devices.device_faults`` does."""
    pid = _pid(device)
    _limit_files(pid, str(_A_BYTE))
    try:
        yield
    finally:
        # If the agent has ended, its row fails.
        with suppress(ProcessLookupError):
            _limit_files(pid, "unlimited")


def _limit_files(pid: int, largest: str) -> None:
    """Set the soft limit as the process's own user: in some containers root may not set that of others.

    Raises ``ProcessLookupError`` if the process has ended.
    """
    if not (process := Path(f"/proc/{pid}")).exists():
        raise ProcessLookupError(pid)
    owner = process.stat()
    become = ["setpriv", "--reuid", str(owner.st_uid), "--regid", str(owner.st_gid), "--clear-groups"]
    command = [*(become if owner.st_uid != os.geteuid() else []), "prlimit", f"--pid={pid}", f"--fsize={largest}:"]
    subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS_TO_LIMIT)


def _is_well(context: ScenarioContext, device: Device, since: datetime) -> bool:
    health = _newest(context, device)
    return health.timestamp > since and health.state is AgentState.SERVING and set(health.models) == set(MODELS)


def _newest(context: ScenarioContext, device: Device) -> Health:
    """Return the newest health message. Raises ``LookupError`` before the first."""
    return context.listener(device).health(device.name)[-1]


def _pid(device: Device) -> int:
    pid = device.agent_pid()
    if pid is None:
        raise RehearsalError(f"{device.name}: its agent does not run", f"see {device.folder.root / 'logs'}")
    return pid


def _half_an_image() -> bytes:
    import cv2  # noqa: PLC0415 - `--help` need not pay for it

    encoded: bytes = cv2.imencode(".png", picture_of_belt(0))[1].tobytes()
    return encoded[: len(encoded) // 2]
