"""AWS's reserved topics: takes what a device publishes below ``$aws/things/{thing}/`` and answers it.

Shadows, jobs and the fleet status, as AWS IoT's developer guide lists their topics. A thing reaches only its own.
"""

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from greengrass_emulator.cloud.control_plane.deployment_operations import (
    SHADOW,
    cancel_aborted,
    take_thing_report,
)
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.device_messages.jobs import JobRefused
from greengrass_emulator.cloud.device_messages.publications import Publication
from greengrass_emulator.cloud.device_messages.shadows import ShadowRefused, shadow_prefix

_log = logging.getLogger(__name__)


def is_own_topic(thing: str, topic: str) -> bool:
    """Return whether a thing may use a reserved topic. It may not use a wildcard in place of its name."""
    levels = topic.split("/")
    return len(levels) > 3 and levels[:3] == ["$aws", "things", thing]


def take_message(plane: AccountPlane, thing: str, topic: str, payload: bytes) -> None:
    """Process a message on a reserved topic. An unknown topic has no effect, as in AWS."""
    rest = topic.split("/")[3:]
    with plane.lock:
        match rest:
            case ["shadow", "update" | "get" | "delete" as operation]:
                _shadow(plane, thing, None, operation, payload)
            case ["shadow", "name", name, "update" | "get" | "delete" as operation]:
                _shadow(plane, thing, name, operation, payload)
            case ["jobs", job_id, "get"]:
                _describe_job(plane, thing, job_id, payload)
            case ["jobs", job_id, "update"]:
                _update_job(plane, thing, job_id, payload)
            case ["greengrassv2", "health", "json"]:
                _fleet_status(plane, thing, payload)
            case _:
                _log.debug("no service listens", extra={"topic": topic})


def write_shadow(plane: AccountPlane, thing: str, name: str | None, payload: bytes) -> Mapping[str, Any]:
    """Update a shadow and notify its subscribers. Raises ``ShadowRefused``. The API uses it, too."""
    with plane.lock:
        update = plane.shadows.update(thing, name, payload)
        plane.index.shadow_changed(thing)
        topic = f"{shadow_prefix(thing, name)}/update/accepted"
        plane.say([Publication(topic, update.answer), *update.publications])
        if name == SHADOW and update.reported:
            take_thing_report(plane, thing, update.reported)
        return update.answer


def delete_shadow(plane: AccountPlane, thing: str, name: str | None, payload: bytes = b"") -> Mapping[str, Any]:
    """Delete a shadow and notify its subscribers. Raises ``ShadowRefused``. The API uses it, too."""
    with plane.lock:
        answer = plane.shadows.delete(thing, name) | _client_token(payload)
        plane.index.shadow_changed(thing)
        plane.say([Publication(f"{shadow_prefix(thing, name)}/delete/accepted", answer)])
        return answer


def _shadow(plane: AccountPlane, thing: str, name: str | None, operation: str, payload: bytes) -> None:
    topic = f"{shadow_prefix(thing, name)}/{operation}"
    try:
        match operation:
            case "update":
                write_shadow(plane, thing, name, payload)
            case "get":
                plane.say([Publication(f"{topic}/accepted", plane.shadows.get(thing, name) | _client_token(payload))])
            case _:
                delete_shadow(plane, thing, name, payload)
    except ShadowRefused as refusal:
        document = {"code": refusal.code, "message": refusal.message, "timestamp": int(time.time())}
        plane.say([Publication(f"{topic}/rejected", document | _client_token(payload))])


def _describe_job(plane: AccountPlane, thing: str, job_id: str, payload: bytes) -> None:
    topic, now = f"$aws/things/{thing}/jobs/{job_id}/get", int(time.time())
    try:
        execution = plane.jobs.describe(thing, job_id)
    except JobRefused as refusal:
        plane.say([_job_refusal(topic, refusal, payload)])
        return
    document = {"timestamp": now, "execution": execution} | _client_token(payload)
    plane.say([Publication(f"{topic}/accepted", document)])


def _update_job(plane: AccountPlane, thing: str, job_id: str, payload: bytes) -> None:
    topic, now = f"$aws/things/{thing}/jobs/{job_id}/update", int(time.time())
    try:
        request = _object(payload)
        if request is None:
            raise JobRefused("InvalidJson", "The payload is not a JSON object")
        if job_id == "$next":
            raise JobRefused("InvalidRequest", "An update must name its job")
        execution, said = plane.jobs.update(thing, job_id, request)
        cancel_aborted(plane)
    except JobRefused as refusal:
        plane.say([_job_refusal(topic, refusal, payload)])
        return
    _log.info("job update", extra={"thing": thing, "job": job_id, "status": execution.status})
    accepted: dict[str, Any] = {"timestamp": now} | _client_token(payload)
    if request.get("includeJobExecutionState"):
        accepted["executionState"] = execution.state()
    if request.get("includeJobDocument"):
        accepted["jobDocument"] = dict(execution.job.document)
    plane.say([Publication(f"{topic}/accepted", accepted), *said])


def _fleet_status(plane: AccountPlane, thing: str, payload: bytes) -> None:
    try:
        plane.devices.read_fleet_status(thing, payload)
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        # The real service drops what it cannot read, too. Here it is logged, for developers of a nucleus.
        _log.warning("fleet status dropped", extra={"thing": thing, "reason": repr(fault)})


def _job_refusal(topic: str, refusal: JobRefused, payload: bytes) -> Publication:
    document = {"code": refusal.code, "message": refusal.message, "timestamp": int(time.time())}
    return Publication(f"{topic}/rejected", document | _client_token(payload))


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(payload or b"{}")
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _client_token(payload: bytes) -> dict[str, Any]:
    document = _object(payload) or {}
    return {"clientToken": document["clientToken"]} if "clientToken" in document else {}
