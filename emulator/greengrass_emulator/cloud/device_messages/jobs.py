"""IoT jobs of one account: they deliver a group's deployment to its things, and take the things' reports.

Source: AWS IoT developer guide, "Jobs device MQTT API" (topics, documents, states, error codes). Only what Greengrass
uses of it: continuous jobs, one execution for a thing. moto's jobs are kept in step by ``JobMirror``.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from greengrass_emulator.cloud.api_errors import JobError
from greengrass_emulator.cloud.device_messages.job_rules import JobRules
from greengrass_emulator.cloud.device_messages.messages import Publication
from greengrass_emulator.cloud.moto_memory.job_mirror import JobMirror
from greengrass_emulator.json_value import JsonObject, JsonValue

OPEN = frozenset({"QUEUED", "IN_PROGRESS"})
_FROM_DEVICE = frozenset({"IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED"})


@dataclass(frozen=True, slots=True)
class Job:
    """A job and its document."""

    job_id: str
    target_arn: str
    document: JsonObject
    order: int
    rules: JobRules = field(default_factory=JobRules)


@dataclass(slots=True)
class Execution:
    """A job on one thing. Times are Unix seconds."""

    job: Job
    thing: str
    queued_at: int
    updated_at: int
    status: str = "QUEUED"
    details: JsonObject = field(default_factory=dict)
    started_at: int | None = None
    version: int = 1

    def summary(self) -> JsonObject:
        """Return it as ``notify`` lists it."""
        times: JsonObject = {"queuedAt": self.queued_at, "lastUpdatedAt": self.updated_at}
        if self.started_at is not None:
            times["startedAt"] = self.started_at
        return {"jobId": self.job.job_id, **times, "executionNumber": 1, "versionNumber": self.version}

    def described(self) -> JsonObject:
        """Return it as in ``notify-next`` and ``get/accepted``, with the job's document."""
        details: JsonObject = {"statusDetails": self.details} if self.details else {}
        return {
            **self.summary(),
            "thingName": self.thing,
            "status": self.status,
            **details,
            "jobDocument": self.job.document,
        }

    def state(self) -> JsonObject:
        """Return it as in ``update/accepted`` and rejections."""
        return {"status": self.status, "statusDetails": self.details, "versionNumber": self.version}


@dataclass(slots=True)
class _Rolling:
    """An open job: the things that still wait for it, and how many were notified in the current minute."""

    job: Job
    began: float
    waiting: dict[str, None] = field(default_factory=dict)
    minute: int = 0
    allowance: int | None = None


class JobBook:
    """One account's jobs and executions. Not thread-safe: the caller holds the account's lock."""

    def __init__(self, mirror: JobMirror, clock: Callable[[], float]) -> None:
        self._mirror = mirror
        self._clock = clock
        self._rolling: dict[str, _Rolling] = {}
        self._aborted: list[str] = []
        self._executions: dict[tuple[str, str], Execution] = {}
        self._announced_next: dict[str, str | None] = {}

    def create(self, job: Job, things: Collection[str]) -> list[Publication]:
        """Open a job for the things that its group has now."""
        self._rolling[job.job_id] = _Rolling(job, self._clock())
        return self.follow(job.job_id, things)

    def follow(self, job_id: str, things: Collection[str]) -> list[Publication]:
        """Extend an open job to things that joined its group, as a continuous job does, and end it for those that left.

        A new thing waits for the rollout's rate; an open execution of a thing that left ends as ``REMOVED``.
        """
        rolling = self._rolling.get(job_id)
        if rolling is None:
            return []
        left = [e for e in self._of_job(job_id) if e.status in OPEN and e.thing not in things]
        for execution in left:
            self._set(execution, "REMOVED", execution.details)
        had = {e.thing for e in self._of_job(job_id) if e.status != "REMOVED"}
        rolling.waiting = dict.fromkeys(thing for thing in things if thing not in had)
        released = self._release(rolling)
        self._count(job_id)
        return self._announce_all([*left, *released])

    def advance(self) -> list[Publication]:
        """Do what is due by now: the next minute of each rollout, and time-outs."""
        publications: list[Publication] = []
        now = self._clock()
        for rolling in list(self._rolling.values()):
            changed = self._release(rolling) if rolling.waiting else []
            if changed:
                self._count(rolling.job.job_id)
                publications += self._announce_all(changed)
        late = [e for e in self._executions.values() if e.status == "IN_PROGRESS" and _is_late(e, now)]
        for execution in late:
            self._set(execution, "TIMED_OUT", execution.details)
        for job_id in dict.fromkeys(e.job.job_id for e in late):
            self._count(job_id)
            publications += self._abort_if_due(job_id)
        return publications + self._announce_all(late)

    def take_aborted(self) -> list[str]:
        """Return the jobs that were aborted by their own criteria since the last call."""
        aborted, self._aborted = self._aborted, []
        return aborted

    def close(self, job_id: str) -> list[Publication]:
        """Cancel a job: every execution that is still open ends as ``CANCELED``."""
        return self._end(job_id, OPEN)

    def find(self, job_id: str, thing: str) -> Execution | None:
        """Return the execution of a job on a thing, or None if it was never queued there."""
        return self._executions.get((job_id, thing))

    def next_of(self, thing: str) -> Execution | None:
        """Return the thing's next execution: the one in progress, else the oldest queued one."""
        open_ones = [e for e in self._executions.values() if e.thing == thing and e.status in OPEN]
        open_ones.sort(key=lambda e: (e.status != "IN_PROGRESS", e.job.order))
        return open_ones[0] if open_ones else None

    def describe(self, thing: str, job_id: str) -> JsonObject:
        """Return the answer to a ``get``; ``$next`` means the next execution, if any. Raises ``JobError``."""
        if job_id == "$next":
            upcoming = self.next_of(thing)
            return upcoming.described() if upcoming else {}
        execution = self.find(job_id, thing)
        if execution is None:
            raise JobError("ResourceNotFound", f"Thing {thing} has no job {job_id}")
        return execution.described()

    def update(self, thing: str, job_id: str, request: JsonObject) -> tuple[Execution, list[Publication]]:
        """Take a thing's report on its job. Raises ``JobError``: ``InvalidStateTransition`` if the job is over."""
        execution = self.find(job_id, thing)
        if execution is None:
            raise JobError("ResourceNotFound", f"Thing {thing} has no job {job_id}")
        status = request.get("status")
        if status not in _FROM_DEVICE:
            raise JobError("InvalidRequest", f"status must be one of {', '.join(sorted(_FROM_DEVICE))}")
        expected = request.get("expectedVersion")
        if expected is not None and str(expected) != str(execution.version):
            raise JobError("VersionMismatch", f"The execution's version is {execution.version}, not {expected}")
        if execution.status not in OPEN:
            raise JobError("InvalidStateTransition", f"The execution is already {execution.status}")
        details = request.get("statusDetails")
        self._set(execution, str(status), dict(details) if isinstance(details, dict) else execution.details)
        self._count(job_id)
        return execution, [*self._announce(thing), *self._abort_if_due(job_id)]

    def _release(self, rolling: _Rolling) -> list[Execution]:
        """Create as many executions as the minutes up to now allow. Each minute has its own rate."""
        last = int((self._clock() - rolling.began) // 60)
        released: list[Execution] = []
        while rolling.waiting:
            if rolling.allowance is None:
                statuses = [e.status for e in self._of_job(rolling.job.job_id)]
                rolling.allowance = rolling.job.rules.rollout.rate(len(statuses), statuses.count("SUCCEEDED"))
            for thing in list(rolling.waiting)[: rolling.allowance]:
                del rolling.waiting[thing]
                rolling.allowance -= 1
                released.append(self._queue(rolling.job, thing))
            if rolling.minute >= last:
                break
            # A minute without waiting things does not pass on its share.
            rolling.minute, rolling.allowance = rolling.minute + 1, None
        return released

    def _queue(self, job: Job, thing: str) -> Execution:
        now = int(self._clock())
        execution = Execution(job, thing, queued_at=now, updated_at=now)
        self._executions[job.job_id, thing] = execution
        self._mirror_execution(execution)
        return execution

    def _abort_if_due(self, job_id: str) -> list[Publication]:
        rolling = self._rolling.get(job_id)
        statuses = [e.status for e in self._of_job(job_id)]
        if rolling is None or not any(criterion.is_met(statuses) for criterion in rolling.job.rules.abort):
            return []
        self._aborted.append(job_id)
        # A cancellation without force does not stop executions in progress (AWS IoT, CancelJob).
        return self._end(job_id, frozenset({"QUEUED"}))

    def _end(self, job_id: str, statuses: Collection[str]) -> list[Publication]:
        self._rolling.pop(job_id, None)
        self._mirror.cancel(job_id)
        ended = [e for e in self._of_job(job_id) if e.status in statuses]
        for execution in ended:
            self._set(execution, "CANCELED", execution.details)
        self._count(job_id)
        return self._announce_all(ended)

    def _of_job(self, job_id: str) -> list[Execution]:
        return [e for e in self._executions.values() if e.job.job_id == job_id]

    def _set(self, execution: Execution, status: str, details: JsonObject) -> None:
        now = int(self._clock())
        if status == "IN_PROGRESS" and execution.started_at is None:
            execution.started_at = now
        execution.status, execution.details = status, details
        execution.updated_at, execution.version = now, execution.version + 1
        self._mirror_execution(execution)

    def _mirror_execution(self, execution: Execution) -> None:
        details = {key: str(value) for key, value in execution.details.items()}
        self._mirror.execution(execution.job.job_id, execution.thing, execution.status, details, execution.version)

    def _count(self, job_id: str) -> None:
        self._mirror.count(job_id, [e.status for e in self._of_job(job_id)])

    def _announce_all(self, executions: Iterable[Execution]) -> list[Publication]:
        return [publication for execution in executions for publication in self._announce(execution.thing)]

    def _announce(self, thing: str) -> list[Publication]:
        now, prefix = int(self._clock()), f"$aws/things/{thing}/jobs"
        listed: dict[str, list[JsonValue]] = {}
        for execution in self._executions.values():
            if execution.thing == thing and execution.status in OPEN:
                listed.setdefault(execution.status, []).append(execution.summary())
        jobs: JsonObject = dict(listed)
        publications = [Publication(f"{prefix}/notify", {"timestamp": now, "jobs": jobs})]
        upcoming = self.next_of(thing)
        # notify-next is sent only when another execution is next, not on each report of the same one.
        mark = upcoming.job.job_id if upcoming else None
        if self._announced_next.get(thing) != mark:
            self._announced_next[thing] = mark
            document: JsonObject = {"timestamp": now, "execution": upcoming.described() if upcoming else {}}
            publications.append(Publication(f"{prefix}/notify-next", document))
        return publications


def _is_late(execution: Execution, now: float) -> bool:
    limit = execution.job.rules.timeout
    return limit is not None and execution.started_at is not None and now >= execution.started_at + limit
