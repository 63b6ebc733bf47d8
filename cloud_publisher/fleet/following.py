"""Follows a deployment on a fleet: looks repeatedly, each time only at the devices that may have changed.

A group's deployment is followed by its IoT job: one call tells whether anything changed, and an agent's report is read
(``agent_reports``) once the deployment has ended on its device. So the number of calls grows with the number of
changes, not with the size of the fleet. Without a job (a single thing), or if the role may not read it, every device
that has not ended is asked at each look.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from cloud_publisher.cloud_errors import DENIED
from cloud_publisher.errors import CloudError
from cloud_publisher.fleet.agent_reports import Ended, Index, Read, Reports
from cloud_publisher.fleet.devices import (
    OPEN,
    SUCCEEDED,
    CoreDevice,
    DeviceStanding,
    Execution,
    Observation,
)
from cloud_publisher.fleet.jobs import JobExecution, JobProgress
from cloud_publisher.fleet.outcome import Outcome, Quorum, Wanted, confirms, outcome_of, standing_of
from cloud_publisher.fleet.targets import Target
from shared_schema.shadow import ShadowReport

log = logging.getLogger(__name__)
SOONEST, LATEST = 0.3, 60.0
"""Seconds between two looks at a device that has ended its deployment and whose agent has no final verdict yet."""
_NOT_SHOWN = "its deployment succeeded, and the fleet index does not show yet that its agent confirms it"
GROWTH = 0.25
"""The next look at a device comes after this share of the time that it has been waited for already."""


class View(Protocol):
    """The calls about a fleet that ``Follower`` makes."""

    def core_devices(self, target: Target) -> list[CoreDevice]: ...

    def observe(self, device: CoreDevice, deployment_id: str, *, with_report: bool) -> Observation: ...

    def report(self, thing: str) -> ShadowReport | None: ...


class JobView(Protocol):
    """The calls about an IoT job that ``Follower`` makes."""

    def progress(self, job_id: str) -> JobProgress: ...

    def executions(self, job_id: str) -> dict[str, JobExecution]: ...


@dataclass(frozen=True, slots=True)
class FleetState:
    """Every device's standing, and the outcome if it is certain. ``closed``: the job says that it was cancelled."""

    standings: tuple[DeviceStanding, ...]
    outcome: Outcome | None
    closed: bool = False

    @property
    def empty(self) -> bool:
        """Whether the target has no core device yet, so that none can confirm."""
        return not self.standings


@dataclass(slots=True)
class _Known:
    """What is known of one device: its job status at the last look, since when, and when to look again."""

    standing: DeviceStanding
    status: str | None
    since: float
    due: float


@dataclass(slots=True)
class Follower:
    """Follows one deployment. ``job_id`` is None if there is no job to follow, ``index`` if no index is to be asked."""

    view: View
    jobs: JobView
    target: Target
    wanted: Wanted
    quorum: Quorum
    job_id: str | None = None
    index: Index | None = None
    _reports: Reports | None = None
    _devices: list[CoreDevice] = field(default_factory=list)
    _progress: JobProgress | None = None
    _executions: dict[str, JobExecution] = field(default_factory=dict)
    _known: dict[str, _Known] = field(default_factory=dict)

    def look(self, at: float, now: datetime, *, last: bool = False) -> FleetState:
        """Return the fleet's state now; ``at`` is a monotonic clock's time, in seconds.

        A ``last`` look asks about every device without a final standing. Raises ``CloudError``.
        """
        if last:
            for known in self._known.values():
                known.due = min(known.due, at) if known.status not in (*OPEN, None) else known.due
        closed = False
        if self.job_id is not None:
            try:
                progress = self.jobs.progress(self.job_id)
                self._follow(self.job_id, progress, now)
                closed = not progress.open
            except CloudError as error:
                if error.code not in DENIED:
                    raise
                log.warning("the role may not read the job: asking every device instead", extra={"job": self.job_id})
                self.job_id = None
        if self.job_id is None:
            self._devices = self.view.core_devices(self.target)
        reads = self._reads(at, last=last) if self.job_id is not None else {}
        standings = tuple(self._standing(device, at, now, reads.get(device.thing)) for device in self._devices)
        return FleetState(standings, outcome_of(standings, self.quorum), closed)

    def _follow(self, job_id: str, progress: JobProgress, now: datetime) -> None:
        former, self._progress = self._progress, progress
        # The listing may lag behind the counters: list again until both agree.
        listed = Counter(each.status for each in self._executions.values())
        if former is not None and former.counts == progress.counts == listed:
            return
        before = self._executions
        self._executions = self.jobs.executions(job_id)
        away = {each.thing for each in self._devices if now - each.reported > self.quorum.seen_within}
        returned = any(self._executions.get(thing) != before.get(thing) for thing in away)
        if former is None or former.devices != progress.devices or returned:
            self._devices = self.view.core_devices(self.target)

    def _reads(self, at: float, *, last: bool) -> dict[str, Read]:
        """Return the reports of the devices that are due and whose deployment succeeded, by thing."""
        if self.wanted.state is None:
            return {}
        due = [
            Ended(device.thing, self._since(device.thing, execution.status, at))
            for device in self._devices
            if (execution := self._executions.get(device.thing)) is not None
            and execution.status in SUCCEEDED
            and self._is_due(device.thing, execution.status, at)
        ]
        if self._reports is None:
            release, wanted = self.wanted.state.release, self.wanted
            self._reports = Reports(
                self.view.report, self.index, self.target, release, lambda report: confirms(report, wanted)
            )
        return self._reports.of(due, len(self._devices), at, last=last)

    def _is_due(self, thing: str, status: str | None, at: float) -> bool:
        known = self._known.get(thing)
        return known is None or not (known.standing.final or (known.status == status and at < known.due))

    def _since(self, thing: str, status: str | None, at: float) -> float:
        known = self._known.get(thing)
        return known.since if known is not None and known.status == status else at

    def _standing(self, device: CoreDevice, at: float, now: datetime, read: Read | None) -> DeviceStanding:
        known = self._known.get(device.thing)
        if known is not None and known.standing.final:
            return known.standing
        execution = self._executions.get(device.thing)
        status = execution.status if execution else None
        followed = self.job_id is not None
        if followed and known is not None and not self._is_due(device.thing, status, at):
            return known.standing
        seen = self._followed(device, execution, read) if followed else self._asked(device)
        since = self._since(device.thing, status, at)
        standing = standing_of(seen, self.wanted, self.quorum, now, timedelta(seconds=at - since))
        # The job shows what is queued or in progress; only what the agent reports must be asked for.
        pause = min(max((at - since) * GROWTH, SOONEST), LATEST) if status not in (*OPEN, None) else float("inf")
        if read is not None and not read.certain:
            standing = replace(standing, words=_NOT_SHOWN)
            pause = 0.0
        self._known[device.thing] = _Known(standing, status, since, at + pause)
        return standing

    def _asked(self, device: CoreDevice) -> Observation:
        return self.view.observe(device, self.wanted.deployment_id, with_report=self.wanted.state is not None)

    def _followed(self, device: CoreDevice, execution: JobExecution | None, read: Read | None) -> Observation:
        if execution is None:
            return Observation(device, None, None)
        if execution.status in OPEN or execution.status in SUCCEEDED:
            ended = Execution(self.wanted.deployment_id, self.target.arn, execution.status, execution.modified)
            return Observation(device, ended, read.report if read else None)
        # Only the device's own deployment says why it failed.
        return self._asked(device)
