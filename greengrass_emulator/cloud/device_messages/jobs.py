"""IoT jobs of one account: how a group's deployment reaches its things, and what each thing answers.

Source: AWS IoT developer guide, "Jobs device MQTT API" (topics, documents, states, error codes). Only what Greengrass
uses of it: continuous jobs, one execution for a thing, no time-outs. moto's jobs are kept in step by ``JobMirror``.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from greengrass_emulator.cloud.device_messages.publications import Publication
from greengrass_emulator.cloud.moto_memory.job_mirror import JobMirror

OPEN = frozenset({"QUEUED", "IN_PROGRESS"})
_FROM_DEVICE = frozenset({"IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED"})


class JobRefused(Exception):
    """A request that AWS answers on ``…/rejected``, with one of the jobs API's error codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Job:
    """A job and its document."""

    job_id: str
    target_arn: str
    document: Mapping[str, Any]
    order: int


@dataclass(slots=True)
class Execution:
    """A job on one thing. Times are Unix seconds."""

    job: Job
    thing: str
    status: str = "QUEUED"
    details: dict[str, Any] = field(default_factory=dict)
    queued_at: int = field(default_factory=lambda: int(time.time()))
    started_at: int | None = None
    updated_at: int = field(default_factory=lambda: int(time.time()))
    version: int = 1

    def summary(self) -> dict[str, Any]:
        """As ``notify`` lists it."""
        times = {"queuedAt": self.queued_at, "lastUpdatedAt": self.updated_at}
        if self.started_at is not None:
            times["startedAt"] = self.started_at
        return {"jobId": self.job.job_id, **times, "executionNumber": 1, "versionNumber": self.version}

    def described(self) -> dict[str, Any]:
        """As ``notify-next`` and ``get/accepted`` give it, with the job's document."""
        details = {"statusDetails": self.details} if self.details else {}
        return {
            **self.summary(),
            "thingName": self.thing,
            "status": self.status,
            **details,
            "jobDocument": dict(self.job.document),
        }

    def state(self) -> dict[str, Any]:
        """As ``update/accepted`` and rejections give it."""
        return {"status": self.status, "statusDetails": self.details, "versionNumber": self.version}


class JobBook:
    """One account's jobs and executions. Not safe for threads: the account's lock is the caller's affair."""

    def __init__(self, mirror: JobMirror) -> None:
        self._mirror = mirror
        self._jobs: dict[str, Job] = {}
        self._executions: dict[tuple[str, str], Execution] = {}
        self._told: dict[str, tuple[str, int] | None] = {}

    def create(self, job: Job, things: Iterable[str]) -> list[Publication]:
        """Opens a job for the things that its group has now."""
        self._jobs[job.job_id] = job
        return self.queue(job.job_id, things)

    def queue(self, job_id: str, things: Iterable[str]) -> list[Publication]:
        """Gives an open job to things that do not have it yet, as a continuous job does."""
        job = self._jobs[job_id]
        fresh = [thing for thing in things if (job_id, thing) not in self._executions]
        for thing in fresh:
            self._executions[job_id, thing] = Execution(job, thing)
            self._mirror_execution(self._executions[job_id, thing])
        self._count(job_id)
        return [said for thing in fresh for said in self._announce(thing)]

    def close(self, job_id: str) -> list[Publication]:
        """Cancels a job: every execution that is still open ends as ``CANCELED``."""
        self._mirror.cancel(job_id)
        ended = [e for e in self._executions.values() if e.job.job_id == job_id and e.status in OPEN]
        for execution in ended:
            self._set(execution, "CANCELED", execution.details)
        self._count(job_id)
        return [said for execution in ended for said in self._announce(execution.thing)]

    def find(self, job_id: str, thing: str) -> Execution | None:
        """The execution of a job on a thing, if it was ever queued there."""
        return self._executions.get((job_id, thing))

    def next_of(self, thing: str) -> Execution | None:
        """What the thing should do next: the one in progress, else the oldest queued one."""
        open_ones = [e for e in self._executions.values() if e.thing == thing and e.status in OPEN]
        open_ones.sort(key=lambda e: (e.status != "IN_PROGRESS", e.job.order))
        return open_ones[0] if open_ones else None

    def describe(self, thing: str, job_id: str) -> dict[str, Any]:
        """The answer to a ``get``; ``$next`` is whatever comes next, or nothing. Raises ``JobRefused``."""
        if job_id == "$next":
            upcoming = self.next_of(thing)
            return upcoming.described() if upcoming else {}
        execution = self.find(job_id, thing)
        if execution is None:
            raise JobRefused("ResourceNotFound", f"Thing {thing} has no job {job_id}")
        return execution.described()

    def update(self, thing: str, job_id: str, request: Mapping[str, Any]) -> tuple[Execution, list[Publication]]:
        """What the thing says of its job. Raises ``JobRefused``: ``InvalidStateTransition`` once it is over."""
        execution = self.find(job_id, thing)
        if execution is None:
            raise JobRefused("ResourceNotFound", f"Thing {thing} has no job {job_id}")
        status = request.get("status")
        if status not in _FROM_DEVICE:
            raise JobRefused("InvalidRequest", f"status must be one of {', '.join(sorted(_FROM_DEVICE))}")
        expected = request.get("expectedVersion")
        if expected is not None and str(expected) != str(execution.version):
            raise JobRefused("VersionMismatch", f"The execution's version is {execution.version}, not {expected}")
        if execution.status not in OPEN:
            raise JobRefused("InvalidStateTransition", f"The execution is already {execution.status}")
        details = request.get("statusDetails")
        self._set(execution, str(status), dict(details) if isinstance(details, dict) else execution.details)
        self._count(job_id)
        return execution, self._announce(thing)

    def _set(self, execution: Execution, status: str, details: dict[str, Any]) -> None:
        now = int(time.time())
        if status == "IN_PROGRESS" and execution.started_at is None:
            execution.started_at = now
        execution.status, execution.details = status, details
        execution.updated_at, execution.version = now, execution.version + 1
        self._mirror_execution(execution)

    def _mirror_execution(self, execution: Execution) -> None:
        details = {key: str(value) for key, value in execution.details.items()}
        self._mirror.execution(execution.job.job_id, execution.thing, execution.status, details, execution.version)

    def _count(self, job_id: str) -> None:
        self._mirror.count(job_id, [e.status for e in self._executions.values() if e.job.job_id == job_id])

    def _announce(self, thing: str) -> list[Publication]:
        now, prefix = int(time.time()), f"$aws/things/{thing}/jobs"
        listed: dict[str, list[dict[str, Any]]] = {}
        for execution in self._executions.values():
            if execution.thing == thing and execution.status in OPEN:
                listed.setdefault(execution.status, []).append(execution.summary())
        said = [Publication(f"{prefix}/notify", {"timestamp": now, "jobs": listed})]
        upcoming = self.next_of(thing)
        # notify-next speaks only when another execution is next, not on each report of the same one.
        mark = (upcoming.job.job_id, 1) if upcoming else None
        if self._told.get(thing) != mark:
            self._told[thing] = mark
            document = {"timestamp": now, "execution": upcoming.described() if upcoming else {}}
            said.append(Publication(f"{prefix}/notify-next", document))
        return said
