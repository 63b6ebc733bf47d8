"""The IoT job by which a group's deployment reaches its devices: its progress, in few calls even for a large fleet.

Reads only. Which calls it makes: DescribeJob, ListJobExecutionsForJob (iot).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cloud_publisher.cloud_errors import asking

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

_COUNTERS = {
    "QUEUED": "numberOfQueuedThings",
    "IN_PROGRESS": "numberOfInProgressThings",
    "SUCCEEDED": "numberOfSucceededThings",
    "FAILED": "numberOfFailedThings",
    "REJECTED": "numberOfRejectedThings",
    "TIMED_OUT": "numberOfTimedOutThings",
    "CANCELED": "numberOfCanceledThings",
    "REMOVED": "numberOfRemovedThings",
}
_PAGE = 250


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How many devices are in each state. ``open`` is false once the job was cancelled."""

    open: bool
    counts: Mapping[str, int]

    @property
    def devices(self) -> int:
        """How many devices the job has reached, in any state."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class JobExecution:
    """The job on one device."""

    status: str
    modified: datetime


class Jobs:
    """The jobs of one account and region."""

    def __init__(self, iot: "IoTClient") -> None:
        self._iot = iot

    def progress(self, job_id: str) -> JobProgress:
        """Return the job's counters, by one call. Raises ``CloudError``."""
        with asking(f"look at the job {job_id}"):
            job = self._iot.describe_job(jobId=job_id)["job"]
        details: Mapping[str, object] = dict(job.get("jobProcessDetails") or {})
        counts = {status: details.get(name) for status, name in _COUNTERS.items()}
        return JobProgress(
            open=job.get("status", "IN_PROGRESS") in ("IN_PROGRESS", "SCHEDULED"),
            counts={status: count for status, count in counts.items() if isinstance(count, int) and count},
        )

    def executions(self, job_id: str) -> dict[str, JobExecution]:
        """Return the job's execution on each device, by thing, by a call for every 250. Raises ``CloudError``."""
        with asking(f"list how the job {job_id} goes on its devices"):
            pages = self._iot.get_paginator("list_job_executions_for_job").paginate(
                jobId=job_id, PaginationConfig={"PageSize": _PAGE}
            )
            return {
                each["thingArn"].rpartition("/")[2]: JobExecution(
                    each["jobExecutionSummary"]["status"], each["jobExecutionSummary"]["lastUpdatedAt"]
                )
                for page in pages
                for each in page["executionSummaries"]
            }
