"""A part of scenario 4: each agent in turn loses its IPC connection, and a release arrives meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from greengrass_emulator.devices.device_faults import cut_ipc, mend_ipc

from rehearsal.extended import rows
from rehearsal.extended.commands import all_ok, send, words_of
from rehearsal.extended.context import ScenarioContext, comes_true, pids, predictions_of
from rehearsal.extended.deploy_repository import BELT, CAMERA
from rehearsal.extended.made_models import PARTS
from rehearsal.timeline import Proof
from rehearsal.world import Device

_SCANS_MEANWHILE = 8
_SECONDS_TO_ARRIVE = 120.0


@dataclass(frozen=True, slots=True)
class _Away:
    """What happened while an agent had no connection. ``sent`` is the number of its health messages."""

    seconds: float
    scans: int
    sent: int
    arrived: bool
    versions: frozenset[str]


def no_connection(scenario: str, context: ScenarioContext) -> Iterator[Proof]:
    """Release while an agent has no connection: its nucleus deploys, and the agent applies it when it is back."""
    before, was = pids(context), context.versions()[PARTS]
    context.upload_make(PARTS, make=2)
    away: dict[str, _Away] = {}
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="release") as pool:
        running = None
        # In the order of the stages: the pipeline waits for the first device before it deploys to the second.
        for device in context.devices:
            known = _deployments(device)
            with _cut(context, device) as (left, mark):
                running = running or pool.submit(context.rehearsal.run_pipeline)
                away[device.name] = _looked_at(context, device, known, left, mark)
        run = running.result() if running else context.rehearsal.run_pipeline()
    yield Proof(
        scenario,
        "without its IPC connection every device predicts on, and publishes nothing",
        all(each.scans >= _SCANS_MEANWHILE and each.sent == 0 for each in away.values()),
        ", ".join(
            f"{name} {each.seconds:.1f} s, {each.scans} scans, {each.sent or 'no'} health"
            for name, each in away.items()
        ),
    )
    now = context.versions()[PARTS]
    confirmed = [device.name for device in context.devices if context.confirmed(device)]
    yield Proof(
        scenario,
        "the nucleus gets a release meanwhile; the agent serves and confirms it once it is connected again",
        rows.went_well(context, run)
        and now != was
        and all(each.arrived and each.versions == {was} for each in away.values())
        and rows.on_all(context, confirmed),
        f"{PARTS} {was} → {now}; {rows.codes(run)}",
    )
    back = datetime.now(UTC)
    replies = send(context, "report")
    yield Proof(
        scenario,
        "commands are received and answered again",
        all_ok(replies) and all(each.timestamp > back for each in replies.values()),
        words_of(replies),
    )
    yield rows.same_processes(scenario, context, before)
    yield rows.every_scan_once(scenario, context)
    yield rows.every_request(scenario, context, back.timestamp())


@contextmanager
def _cut(context: ScenarioContext, device: Device) -> Iterator[tuple[datetime, int]]:
    """Yield when the connection was cut, and the number of messages by then."""
    began, root = context.rehearsal.timeline.now(), device.folder.root
    cut_ipc(root, device.agent.name)
    try:
        yield datetime.now(UTC), context.listener(device).mark()
    finally:
        mend_ipc(root, device.agent.name)
        context.rehearsal.timeline.add(device.name, "the agent had no IPC connection", began=began)


def _looked_at(context: ScenarioContext, device: Device, known: set[str], left: datetime, mark: int) -> _Away:
    """Wait until the nucleus has the release and the agent has predicted for a while; return what was seen."""
    arrived = comes_true(lambda: _has_come(device, known), _SECONDS_TO_ARRIVE)
    comes_true(lambda: _since(device, CAMERA, left) >= _SCANS_MEANWHILE)
    return _Away(
        seconds=(datetime.now(UTC) - left).total_seconds(),
        scans=_since(device, CAMERA, left),
        sent=sum(each.timestamp > left for each in context.listener(device).health(device.name, mark)),
        arrived=arrived,
        versions=frozenset(each.version for each in predictions_of(device, BELT) if each.timestamp > left),
    )


def _deployments(device: Device) -> set[str]:
    status = device.status()
    return {each.id for each in status.deployments} if status else set()


def _has_come(device: Device, known: set[str]) -> bool:
    status = device.status()
    return status is not None and any(
        each.id not in known and each.status == "SUCCEEDED" for each in status.deployments
    )


def _since(device: Device, source: str, moment: datetime) -> int:
    return sum(each.timestamp > moment for each in predictions_of(device, source))
