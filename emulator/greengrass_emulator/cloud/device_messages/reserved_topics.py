"""AWS's reserved topics: takes what a device publishes below ``$aws/things/{thing}/`` and answers it.

Shadows, jobs and the fleet status, as AWS IoT's developer guide lists their topics. A thing reaches only its own.
"""

import json
import logging
import time

from greengrass_emulator.cloud.api_errors import JobError, ShadowError
from greengrass_emulator.cloud.control_plane.deployment_operations import (
    SHADOW,
    cancel_aborted,
    take_thing_report,
)
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.device_messages.messages import Publication
from greengrass_emulator.cloud.device_messages.shadows import shadow_prefix
from greengrass_emulator.json_value import JsonObject

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
                _log.debug("unknown reserved topic", extra={"topic": topic})


def write_shadow(plane: AccountPlane, thing: str, name: str | None, payload: bytes) -> JsonObject:
    """Update a shadow and notify its subscribers. Raises ``ShadowError``. The API uses it, too."""
    with plane.lock:
        update = plane.shadows.update(thing, name, payload)
        plane.index.shadow_changed(thing)
        topic = f"{shadow_prefix(thing, name)}/update/accepted"
        plane.send([Publication(topic, update.answer), *update.publications])
        if name == SHADOW and update.reported:
            take_thing_report(plane, thing, update.reported)
        return update.answer


def delete_shadow(plane: AccountPlane, thing: str, name: str | None, payload: bytes = b"") -> JsonObject:
    """Delete a shadow and notify its subscribers. Raises ``ShadowError``. The API uses it, too."""
    with plane.lock:
        answer = plane.shadows.delete(thing, name) | _client_token(payload)
        plane.index.shadow_changed(thing)
        plane.send([Publication(f"{shadow_prefix(thing, name)}/delete/accepted", answer)])
        return answer


def _shadow(plane: AccountPlane, thing: str, name: str | None, operation: str, payload: bytes) -> None:
    topic = f"{shadow_prefix(thing, name)}/{operation}"
    try:
        match operation:
            case "update":
                write_shadow(plane, thing, name, payload)
            case "get":
                plane.send([Publication(f"{topic}/accepted", plane.shadows.get(thing, name) | _client_token(payload))])
            case _:
                delete_shadow(plane, thing, name, payload)
    except ShadowError as refusal:
        plane.send([_rejection(topic, refusal.status, refusal.message, payload)])


def _describe_job(plane: AccountPlane, thing: str, job_id: str, payload: bytes) -> None:
    topic, now = f"$aws/things/{thing}/jobs/{job_id}/get", int(time.time())
    try:
        execution = plane.jobs.describe(thing, job_id)
    except JobError as refusal:
        plane.send([_rejection(topic, refusal.code, refusal.message, payload)])
        return
    document: JsonObject = {"timestamp": now, "execution": execution, **_client_token(payload)}
    plane.send([Publication(f"{topic}/accepted", document)])


def _update_job(plane: AccountPlane, thing: str, job_id: str, payload: bytes) -> None:
    topic, now = f"$aws/things/{thing}/jobs/{job_id}/update", int(time.time())
    try:
        request = _object(payload)
        if request is None:
            raise JobError("InvalidJson", "The payload is not a JSON object")
        if job_id == "$next":
            raise JobError("InvalidRequest", "An update must name its job")
        execution, publications = plane.jobs.update(thing, job_id, request)
        cancel_aborted(plane)
    except JobError as refusal:
        plane.send([_rejection(topic, refusal.code, refusal.message, payload)])
        return
    _log.info("job update", extra={"thing": thing, "job": job_id, "status": execution.status})
    accepted: JsonObject = {"timestamp": now, **_client_token(payload)}
    if request.get("includeJobExecutionState"):
        accepted["executionState"] = execution.state()
    if request.get("includeJobDocument"):
        accepted["jobDocument"] = execution.job.document
    plane.send([Publication(f"{topic}/accepted", accepted), *publications])


def _fleet_status(plane: AccountPlane, thing: str, payload: bytes) -> None:
    try:
        plane.devices.read_fleet_status(thing, payload)
    except ValueError as fault:
        # The real service drops what it cannot read, too. Here it is logged, for developers of a nucleus.
        _log.warning("fleet status dropped", extra={"thing": thing, "reason": repr(fault)})


def _rejection(topic: str, code: str | int, message: str, payload: bytes) -> Publication:
    document: JsonObject = {"code": code, "message": message, "timestamp": int(time.time()), **_client_token(payload)}
    return Publication(f"{topic}/rejected", document)


def _object(payload: bytes) -> JsonObject | None:
    try:
        document = json.loads(payload or b"{}")
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _client_token(payload: bytes) -> JsonObject:
    document = _object(payload) or {}
    return {"clientToken": document["clientToken"]} if "clientToken" in document else {}
