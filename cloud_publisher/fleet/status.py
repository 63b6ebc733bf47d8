"""`status`: what each device of a target runs and reports, beside what the target's current deployment wants.

Reads only, and writes no tag: an operator with a read-only role can run it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cloud_publisher.cloud_errors import DENIED
from cloud_publisher.errors import CloudError
from cloud_publisher.fleet.devices import (
    CoreDevice,
    DeviceStanding,
    Execution,
    InstalledComponent,
    Observation,
    Standing,
)
from cloud_publisher.fleet.index import FleetIndex
from cloud_publisher.fleet.jobs import JobExecution, Jobs
from cloud_publisher.fleet.observing import FleetView
from cloud_publisher.fleet.outcome import Quorum, Wanted, standing_of
from cloud_publisher.fleet.targets import Target
from shared_schema.json_value import JsonObject
from shared_schema.shadow import ShadowReport

log = logging.getLogger(__name__)
_BROKEN = frozenset({"ERRORED", "BROKEN"})


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """One device. ``standing`` is None where the target has no deployment; ``broken`` are components that fail."""

    device: CoreDevice
    standing: DeviceStanding | None
    execution: Execution | None
    report: ShadowReport | None
    installed: tuple[InstalledComponent, ...]

    @property
    def broken(self) -> tuple[str, ...]:
        """Components in ``ERRORED`` or ``BROKEN``."""
        return tuple(f"{each.name} {each.state}" for each in self.installed if each.state in _BROKEN)

    @property
    def as_released(self) -> bool:
        """Whether the device is as the current deployment says, and none of its components is broken."""
        return self.standing is not None and self.standing.standing is Standing.CONFIRMED and not self.broken

    def as_json(self) -> JsonObject:
        """Return the object for ``--json``; each reported value has the time when it was reported."""
        return {
            "thing": self.device.thing,
            "runtime": self.device.runtime,
            "core-device": {"status": self.device.status, "reported": _time(self.device.reported)},
            "as-released": self.as_released,
            "standing": self.standing.standing.value if self.standing else None,
            "words": self.standing.words if self.standing else None,
            "seen": self.standing.seen if self.standing else None,
            "deployment": {
                "id": self.execution.deployment_id,
                "status": self.execution.status,
                "reported": _time(self.execution.modified),
            }
            if self.execution
            else None,
            "components": {each.name: {"version": each.version, "state": each.state} for each in self.installed},
            "agent": self.report.model_dump(mode="json", by_alias=True, exclude_none=True) if self.report else None,
        }


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """The whole target. ``deployment_id`` is None where it has none."""

    target: Target
    deployment_id: str | None
    release: str | None
    devices: tuple[DeviceStatus, ...]

    @property
    def differing(self) -> tuple[DeviceStatus, ...]:
        """The devices that are not as released, without those that are away."""
        return tuple(
            each for each in self.devices if not each.as_released and (each.standing is None or each.standing.seen)
        )

    @property
    def as_released(self) -> bool:
        """Whether there is a deployment, and every device that counts is as the deployment says."""
        return self.deployment_id is not None and not self.differing

    def as_json(self) -> JsonObject:
        """Return the object for ``--json``."""
        return {
            "target": self.target.arn,
            "deployment": self.deployment_id,
            "release": self.release,
            "as-released": self.as_released,
            "devices": [each.as_json() for each in self.devices],
        }


def status_of(
    view: FleetView,
    index: FleetIndex,
    jobs: Jobs,
    target: Target,
    wanted: Wanted | None,
    names: Sequence[str],
    *,
    job_id: str | None,
    quorum: Quorum,
    now: datetime,
) -> FleetStatus:
    """Look at every device once. ``names`` are the components to report. Raises ``CloudError``.

    A device counts as confirmed if the index shows that it confirms what is wanted, and the job that the deployment
    succeeded there. Of any other, its own deployment and its shadow are read.
    """
    found = view.core_devices(target)
    shown = index.reports(target, len(found)) or {}
    ended = _ended(jobs, job_id) if shown else {}
    devices: list[DeviceStatus] = []
    for device in found:
        thing, report = device.thing, shown.get(device.thing)
        installed = tuple(each for each in view.installed(thing) if each.name in names)
        if wanted is None:
            devices.append(DeviceStatus(device, None, None, report or view.report(thing), installed))
            continue
        done = ended.get(thing)
        execution = Execution(wanted.deployment_id, target.arn, done.status, done.modified) if done else None
        standing = standing_of(Observation(device, execution, report), wanted, quorum, now)
        if report is None or standing.standing is not Standing.CONFIRMED:
            execution, report = view.execution(thing, wanted.deployment_id), view.report(thing)
            standing = standing_of(Observation(device, execution, report), wanted, quorum, now)
        devices.append(DeviceStatus(device, standing, execution, report, installed))
    release = wanted.state.release if wanted and wanted.state else None
    return FleetStatus(target, wanted.deployment_id if wanted else None, release, tuple(devices))


def _ended(jobs: Jobs, job_id: str | None) -> Mapping[str, JobExecution]:
    """Return the job's executions by thing (a call for every 250); empty without a job, or if it may not be read."""
    try:
        return jobs.executions(job_id) if job_id is not None else {}
    except CloudError as error:
        if error.code not in DENIED:
            raise
        log.info("the role may not list the job's executions: every device is asked", extra={"job": job_id})
        return {}


def _time(when: datetime) -> str:
    return when.isoformat(timespec="seconds")
