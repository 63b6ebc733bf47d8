"""Copies our job book to moto's IoT jobs, so that ``iot:DescribeJob`` and similar operations answer correctly.

The job book decides; nothing is ever read back from here.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from moto.core.utils import utcnow
from moto.iot.models import FakeJobExecution, IoTBackend, iot_backends

from greengrass_emulator.cloud.accounts import Account
from greengrass_emulator.cloud.device_messages.job_rules import JobConfiguration
from greengrass_emulator.cloud.rest_json.reading import ApiStructure

_COUNTERS = {
    "QUEUED": "numberOfQueuedThings",
    "IN_PROGRESS": "numberOfInProgressThings",
    "SUCCEEDED": "numberOfSucceededThings",
    "FAILED": "numberOfFailedThings",
    "REJECTED": "numberOfRejectedThings",
    "CANCELED": "numberOfCanceledThings",
    "REMOVED": "numberOfRemovedThings",
    "TIMED_OUT": "numberOfTimedOutThings",
}


class JobMirror:
    """Writes one account's jobs into moto."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def _backend(self) -> IoTBackend:
        return iot_backends[self._account.id][self._account.region]

    def create(
        self,
        job_id: str,
        target_arn: str,
        document: str,
        description: str,
        configuration: JobConfiguration | None,
    ) -> str:
        """Create a continuous job, as Greengrass makes one for each deployment of a group. Return its ARN."""
        arn, _, _ = self._backend.create_job(
            job_id=job_id,
            targets=[target_arn],
            document_source="",
            document=document,
            description=description,
            presigned_url_config={},
            target_selection="CONTINUOUS",
            job_executions_rollout_config=_as_dict(configuration and configuration.job_executions_rollout_config),
            document_parameters={},
            abort_config=_as_dict(configuration and configuration.abort_config),
            job_execution_retry_config={},
            scheduling_config={},
            timeout_config=_as_dict(configuration and configuration.timeout_config),
        )
        self._backend.jobs[job_id].status = "IN_PROGRESS"
        # moto creates one execution for the target, as if the group were a thing.
        self._backend.job_executions.pop((job_id, target_arn.rsplit("/", 1)[-1]), None)
        self.count(job_id, [])
        return str(arn)

    def cancel(self, job_id: str) -> None:
        """Cancel the job: a newer deployment replaces it, or it was cancelled."""
        job = self._backend.jobs.get(job_id)
        if job is not None:
            job.status = "CANCELED"
            job.last_updated_at = utcnow()

    def execution(self, job_id: str, thing: str, status: str, details: dict[str, str], version: int) -> None:
        """Write one thing's execution of a job."""
        arn = f"arn:aws:iot:{self._account.region}:{self._account.id}:thing/{thing}"
        known = self._backend.job_executions.setdefault((job_id, thing), FakeJobExecution(job_id, arn))
        known.status = status
        known.status_details_map = details
        known.last_updated_at = utcnow()
        known.execution_number = 1
        known.version_number = version

    def count(self, job_id: str, statuses: Iterable[str]) -> None:
        """Write the job's counters, ``jobProcessDetails`` of ``iot:DescribeJob``."""
        job = self._backend.jobs.get(job_id)
        if job is None:
            return
        counted = Counter(statuses)
        for status, counter in _COUNTERS.items():
            job.job_process_details[counter] = counted[status]


def _as_dict(part: ApiStructure | None) -> Any:
    return part.as_answer() if part else {}
