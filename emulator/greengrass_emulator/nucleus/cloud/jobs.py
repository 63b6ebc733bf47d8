"""Deployments of thing groups, which come as IoT jobs (IotJobsHelper.java; AWS's Jobs device MQTT API)."""

import json
import logging
from collections.abc import Callable, Iterable

from pydantic import ValidationError

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.cloud.mqtt import MqttLink
from greengrass_emulator.nucleus.deployments.document import Deployment, FleetConfiguration, Outcome
from greengrass_emulator.nucleus.deployments.queue import Order
from greengrass_emulator.nucleus.errors import error_types
from greengrass_emulator.nucleus.lite_sizes import fault_of_deployment, fault_of_job_message
from greengrass_emulator.nucleus.runtimes import Runtime

_log = logging.getLogger(__name__)

TakeDeployment = Callable[[Deployment], bool]
_MOST_KNOWN = 200


class JobListener:
    """Takes the next job and reports its progress. It remembers nothing: the cloud offers an unfinished job again."""

    def __init__(
        self, link: MqttLink, thing: str, runtime: Runtime, take: TakeDeployment, withdraw: Callable[[str], None]
    ) -> None:
        self._link = link
        self._prefix = f"$aws/things/{thing}/jobs"
        self._runtime = runtime
        self._take = take
        self._withdraw = withdraw
        self._known: list[str] = []

    async def listen(self) -> None:
        """Subscribe; the subscriptions outlive the connection."""
        for topic in ("notify-next", "$next/get/accepted"):
            await self._link.listen(f"{self._prefix}/{topic}", 1, self._came)

    def ask(self) -> None:
        """Ask for the next job: after each connect, since a notification may have been missed."""
        self._link.report(f"{self._prefix}/$next/get", b"{}")

    def progressed(self, order: Order) -> None:
        """Report a job's progress to the cloud."""
        job_id = order.deployment.job_id
        if not job_id:
            return
        self._update(job_id, order.status, order.outcome)
        if order.outcome is not None and order.outcome.status != "SUCCEEDED":
            _log.warning("a job failed", extra={"job": job_id, "cause": order.outcome.cause})

    def _came(self, _topic: str, payload: bytes) -> None:
        try:
            message = json.loads(payload)
            execution = message.get("execution") or {}
        except (ValueError, AttributeError):
            _log.warning("a job notification cannot be read")
            return
        if self._runtime.has_fixed_buffers and (fault := fault_of_job_message(message)) is not None:
            _log.error(
                "a job cannot be read, and is not reported", extra={"job": execution.get("jobId"), "reason": fault}
            )
            return
        job_id = execution.get("jobId")
        self._withdraw(job_id or "")
        if not job_id or job_id in self._known:
            return
        self._known = [*self._known[-_MOST_KNOWN:], job_id]
        document = execution.get("jobDocument")
        if self._runtime.has_fixed_buffers and isinstance(document, dict):
            fault = fault_of_deployment(document, job_id)
            if fault is not None:
                _log.error("a job does not fit, and is not reported", extra={"job": job_id, "reason": fault})
                # Lite's own word (iot_jobs_listener.c, enqueue_job), which IoT Jobs does not know: it stays QUEUED.
                self._report(job_id, {"status": "FAILURE"})
                return
        try:
            deployment = FleetConfiguration.model_validate(document).deployment(job_id)
        except ValidationError as error:
            self._update(job_id, "REJECTED", Outcome("REJECTED", f"the job's document cannot be read: {error}"))
            return
        if not self._take(deployment):
            self._known.remove(job_id)

    def _update(self, job_id: str, status: str, outcome: Outcome | None) -> None:
        document: JsonObject = {"status": status}
        if self._runtime.errors_have_text and outcome is not None:
            details: JsonObject = {"detailed-deployment-status": outcome.detailed}
            if outcome.cause:
                details["deployment-failure-cause"] = outcome.cause[:1024]
            if outcome.codes:
                details["deployment-error-stack"] = _list(outcome.codes)
                details["deployment-error-types"] = _list(error_types(outcome.codes))
            document["statusDetails"] = details
        self._report(job_id, document)

    def _report(self, job_id: str, document: JsonObject) -> None:
        self._link.report(f"{self._prefix}/{job_id}/update", json.dumps(document).encode())


def _list(items: Iterable[str]) -> str:
    """Write a list as Java does: a job's details are texts."""
    return f"[{', '.join(items)}]"
