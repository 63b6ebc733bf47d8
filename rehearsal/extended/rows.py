"""Rows that several scenarios of the extended rehearsal show. Each reads what devices wrote, and says what it saw."""

from functools import partial

from rehearsal.extended.context import PATIENCE, ScenarioContext, comes_true, predictions_of
from rehearsal.extended.deploy_repository import BELT, CAMERA
from rehearsal.extended.made_models import CELL, SIDE, part_on_belt
from rehearsal.extended.recorded_answers import asked_on
from rehearsal.feeder import settle
from rehearsal.pipeline import PipelineRun
from rehearsal.timeline import Proof
from rehearsal.world import Device
from shared_schema.diagnostics import first_few
from shared_schema.messages import Prediction

_NEAR = 3.0
"""Pixels by which a box may be off: video compression changes the picture."""
_CELLS = (SIDE // CELL) ** 2
_SOME = 3


def codes(run: PipelineRun) -> str:
    """Return the exit codes of a pipeline run for the table."""
    return ", ".join(f"{name} {code}" for name, code in run.exit_codes().items())


def went_well(context: ScenarioContext, run: PipelineRun) -> bool:
    """Return whether the run reached every stage, and each ended with 0."""
    return set(run.exit_codes().values()) == {0} and len(run.deploys) == len(context.rehearsal.world.accounts)


def on_all(context: ScenarioContext, names: list[str]) -> bool:
    """Return whether every device is among the names."""
    return sorted(names) == sorted(device.name for device in context.devices)


def same_processes(scenario: str, context: ScenarioContext, before: dict[str, int | None]) -> Proof:
    """Return the proof that no agent was restarted."""
    after = {device.name: device.agent_pid() for device in context.devices}
    return Proof(
        scenario,
        "no agent was restarted",
        after == before and None not in after.values(),
        ", ".join(f"{name} pid {pid}" for name, pid in after.items()),
    )


def every_scan_once(scenario: str, context: ScenarioContext) -> Proof:
    """Return the proof that each scan of the folder has one prediction, also where an agent was killed."""
    wrong, fed = [], 0
    for device in context.devices:
        a = settle(context.feeder, device.name, device.predictions, deadline=PATIENCE, source=CAMERA)
        if not a.balances:
            wrong.append(f"{device.name}: {len(a.lost)} lost, {len(a.twice)} twice, {len(a.foreign)} foreign")
        fed += a.fed
    return Proof(
        scenario,
        "every scan has exactly one prediction",
        not wrong,
        "; ".join(wrong) or f"{fed} scans on {len(context.devices)} devices: none lost, none twice",
    )


def every_picture_of_the_belt(scenario: str, context: ScenarioContext) -> Proof:
    """Return the proof that each frame since the video was last opened has one prediction, which finds the part."""
    faults, frames = [], 0
    for device in context.devices:
        found = _since_opened(predictions_of(device, BELT))
        frames += len(found)
        if len(found) < _SOME:
            faults.append(f"{device.name}: {len(found)} frames only")
        if [int(each.frame) for each in found] != list(range(1, len(found) + 1)):
            faults.append(f"{device.name}: frames are missing, or there twice, among {len(found)}")
        wrong = [f"{device.name}: frame {each.frame} {each.output}" for each in found if not _finds_the_part(each)]
        faults += first_few(wrong, 2)
    return Proof(
        scenario,
        "every frame of the video has exactly one prediction, with the part where it was",
        not faults,
        "; ".join(faults) or f"{frames} frames on {len(context.devices)} devices",
    )


def every_request(scenario: str, context: ScenarioContext, since: float, *, first: bool = True) -> Proof:
    """Return the proof that each request after ``since`` is answered rightly; if ``first``, at the first attempt."""
    faults, count = [], 0
    for device in context.devices:
        comes_true(partial(_answered_enough, device, since))
        asked = asked_on(device).since(since)
        count += len(asked.answered)
        found = asked.faults() if first else [f"{each.request} wrongly" for each in asked.answered if not each.right]
        if {each.topic for each in asked.answered} != {"line/asks", "lab/asks"}:
            found.append("not both topics were answered")
        faults += [f"{device.name}: {each}" for each in first_few(found, 2)]
    return Proof(
        scenario,
        "every request on a local topic is answered rightly" + (", once, at the first asking" if first else ""),
        not faults,
        "; ".join(faults) or f"{count} requests, of table rows and of tensors",
    )


def _answered_enough(device: Device, since: float) -> bool:
    return len(asked_on(device).since(since).answered) >= 2 * _SOME


def _since_opened(found: list[Prediction]) -> list[Prediction]:
    """Return the predictions since the agent last opened the video: a restarted agent counts frames from 1."""
    begin = max((index for index, each in enumerate(found) if int(each.frame) == 1), default=0)
    return found[begin:]


def _finds_the_part(prediction: Prediction) -> bool:
    colour, box = part_on_belt((int(prediction.frame) - 1) % _CELLS)
    found = prediction.output["detections"]
    return (
        len(found) == 1
        and found[0]["label"] == colour
        and all(abs(a - b) < _NEAR for a, b in zip(found[0]["box"], box, strict=True))
    )
