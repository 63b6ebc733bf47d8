"""Scenario 8: the agent brings the wheels of what it requires, and a new device installs it with a bare Python."""

import json
import re
import sys
from collections.abc import Iterator

from rehearsal.device_python import make_python
from rehearsal.extended import rows
from rehearsal.extended.context import ScenarioContext, agent_log, comes_true, predictions_of
from rehearsal.extended.deploy_repository import CAMERA, put_wheels_in
from rehearsal.extended.made_models import write_belt
from rehearsal.other_user import PYTHONS
from rehearsal.processes import output_of
from rehearsal.timeline import Proof
from rehearsal.world import Device

_SCENARIO = "8 from wheels"
_NEW = "prod-new"
_SECONDS_FOR_A_STAGE = 600.0
_SECONDS_TO_INSTALL = 300.0
"""Seconds for an environment, the vetting of every model, and the first confirmation, on a busy machine."""
_SECONDS_TO_LOOK = 30.0
_LOOK = "import importlib.util as u; print([n for n in ('numpy', 'onnxruntime', 'awsiot', 'pip') if u.find_spec(n)])"


def from_wheels(context: ScenarioContext) -> Iterator[Proof]:
    """Release the agent with wheels for this machine; then a device joins whose Python has no packages."""
    put_wheels_in(context.rehearsal.pipeline.source, python=f"{sys.version_info.major}.{sys.version_info.minor}")
    run = context.rehearsal.run_pipeline(deadline=_SECONDS_FOR_A_STAGE)
    agent = context.release().agent
    size = sum(each.size for each in agent.artifacts) if agent else 0
    installed = (
        rows.went_well(context, run)
        and agent is not None
        and all(_has_installed(device, agent.version) for device in context.devices)
    )
    yield Proof(
        _SCENARIO,
        "the agent's artifact brings its wheels, and each device installs them without a network",
        installed,
        f"{rows.codes(run)}; {size / 1e6:.0f} MB",
    )
    if installed:
        yield _new_device(context)


def _new_device(context: ScenarioContext) -> Proof:
    world = context.rehearsal.world
    python = world.ground / PYTHONS / "bare"
    make_python(python, bare=True)
    found = output_of(
        [str(python / "bin" / "python3"), "-c", _LOOK],
        name="the bare Python",
        remedy="see whether this Python can be copied",
        seconds=_SECONDS_TO_LOOK,
    ).strip()
    device = world.join(_NEW, context.classic.account, python=python)
    write_belt(device.work / "belt.avi")
    world.start(device)
    context.rehearsal.timeline.add(device.name, "joins the group, with a bare Python")
    confirmed = comes_true(lambda: context.confirmed(device), _SECONDS_TO_INSTALL)
    serves = confirmed and _serves(context, device)
    seconds = re.search(r"msg=installed .*seconds=([\d.]+)", agent_log(device))
    return Proof(
        _SCENARIO,
        "a new device with a bare Python installs the agent from its wheels, serves every model and confirms it",
        found == "[]" and serves,
        f"{device.name}: "
        + (f"installed in {seconds[1]} s, " if seconds else "")
        + (", ".join(f"{name} {number}" for name, number in context.versions().items()) if serves else "not confirmed"),
    )


def _serves(context: ScenarioContext, device: Device) -> bool:
    """Return whether a scan gets its prediction."""
    scan = context.feeder.frames()[0]
    beside = device.work / scan.path.name
    beside.write_bytes(scan.path.read_bytes())
    beside.rename(device.work / "images" / scan.path.name)
    return comes_true(lambda: [each for each in predictions_of(device, CAMERA) if each.frame == scan.path.name])


def _has_installed(device: Device, version: str) -> bool:
    """Return whether the version that serves has an environment of its own, which was made from wheels."""
    made = json.loads((device.work / "versions" / "current" / "made.json").read_text(encoding="utf-8"))
    return bool(made["has_venv"]) and made["version"] == version
