"""A thing's shadows, in moto's own store, so that topics and API read what the other writes.

Source of topics and documents: AWS IoT developer guide, "Device Shadow MQTT topics" and "Device Shadow service
documents". moto has the store; the messages, the size limit, the clearing of a whole section and the time of each
value are added here.
"""

import copy
import json
import re
import time
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.iotdata.exceptions import ConflictException as MotoConflict
from moto.iotdata.models import FakeShadow, IoTDataPlaneBackend, iotdata_backends

from greengrass_emulator.cloud.accounts import Account
from greengrass_emulator.cloud.api_errors import ShadowError
from greengrass_emulator.cloud.device_messages.messages import Publication
from greengrass_emulator.json_value import JsonObject, JsonValue, object_in

MAXIMUM_BYTES = 8192
"""AWS's limit of a shadow's state document, and so of an update; metadata does not count (AWS IoT Core quotas)."""
MAXIMUM_DEPTH = 8
"""AWS's limit of levels in ``desired`` and in ``reported``."""
MAXIMUM_TOKEN = 64
_NOT_SENT = object()
_SECTIONS = ("desired", "reported")
_NAME = re.compile(r"[$a-zA-Z0-9:_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ShadowUpdate:
    """The answer to an accepted update, and its messages to subscribers."""

    answer: JsonObject
    publications: tuple[Publication, ...]
    reported: JsonObject


def shadow_prefix(thing: str, name: str | None) -> str:
    """Return the topic of a shadow, without the operation: ``$aws/things/T/shadow[/name/N]``."""
    return f"$aws/things/{thing}/shadow" + (f"/name/{name}" if name else "")


class Shadows:
    """One account's shadows. Not thread-safe: the caller holds the account's lock."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def _backend(self) -> IoTDataPlaneBackend:
        return iotdata_backends[self._account.id][self._account.region]

    def update(self, thing: str, name: str | None, payload: bytes, *, from_service: bool = False) -> ShadowUpdate:
        """Merge a document into a shadow. Raises ``ShadowError``. An AWS service may write a longer one."""
        document = _document(payload, len(payload) if from_service else MAXIMUM_BYTES)
        before = self._current(thing, name)
        self._refuse_stale(document, before)
        if not from_service:
            _refuse_too_large(document, before)
        _clear_sections(document, before)
        # moto merges into the former document itself.
        previous: JsonObject = copy.deepcopy(_stored(before.to_dict())) if before else {}
        try:
            shadow = self._backend.update_thing_shadow(thing, json.dumps(document), name)
        except MotoConflict as fault:
            raise ShadowError(409, str(fault)) from fault
        except JsonRESTError as fault:
            raise ShadowError(400, str(fault)) from fault
        _keep_times(shadow, document, before)
        answer: JsonObject = shadow.to_response_dict() | _token(document)
        current: JsonObject = shadow.to_dict()
        prefix, now = shadow_prefix(thing, name), int(time.time())
        publications = [
            Publication(
                f"{prefix}/update/documents",
                {"previous": previous, "current": _stored(current), "timestamp": now, **_token(document)},
            )
        ]
        delta = object_in(current, "state", "delta")
        # Also after a report: whenever the two differ after a change (AWS IoT, "Interacting with shadows").
        if delta:
            publications.append(
                Publication(
                    f"{prefix}/update/delta",
                    {
                        "version": current["version"],
                        "timestamp": now,
                        "state": delta,
                        "metadata": _of_same_shape(delta, object_in(current, "metadata", "desired")),
                        **_token(document),
                    },
                )
            )
        return ShadowUpdate(answer, tuple(publications), object_in(document, "state", "reported"))

    def get(self, thing: str, name: str | None) -> JsonObject:
        """Return the whole shadow. Raises ``ShadowError`` (404) if there is none."""
        shadow = self._current(thing, name)
        if shadow is None or shadow.deleted:
            raise ShadowError(404, f"No shadow exists with name: '{name or thing}'")
        return dict(shadow.to_dict())

    def names(self, thing: str) -> list[str]:
        """Return the names of a thing's shadows, in order. Raises ``ShadowError`` (404) for an unknown thing."""
        shadows = self._thing(thing).thing_shadows
        return sorted(name for name, shadow in shadows.items() if name is not None and not shadow.deleted)

    def delete(self, thing: str, name: str | None) -> JsonObject:
        """Delete a shadow; its version counts on. Raises ``ShadowError`` (404) if there is none."""
        self.get(thing, name)
        return dict(self._backend.delete_thing_shadow(thing, name).to_dict())

    def _current(self, thing: str, name: str | None) -> FakeShadow | None:
        if name is not None and not _NAME.fullmatch(name):
            raise ShadowError(400, f"Shadow name {name!r} must match {_NAME.pattern}")
        found: FakeShadow | None = self._thing(thing).thing_shadows.get(name)
        return found

    def _thing(self, thing: str) -> Any:
        try:
            return self._backend.iot_backend.describe_thing(thing)
        except JsonRESTError as fault:
            raise ShadowError(404, f"No thing exists with name: '{thing}'") from fault

    @staticmethod
    def _refuse_stale(document: JsonObject, before: FakeShadow | None) -> None:
        wanted = document.get("version")
        if wanted is not None and wanted != (before.version if before else 0):
            raise ShadowError(409, "Version conflict")


def _document(payload: bytes, limit: int) -> JsonObject:
    if len(payload) > limit:
        raise ShadowError(413, f"The payload exceeds the maximum size allowed ({limit} bytes)")
    try:
        document = json.loads(payload)
    except ValueError as fault:
        raise ShadowError(400, "Payload is not JSON") from fault
    if not isinstance(document, dict):
        raise ShadowError(400, "Payload is not a JSON object")
    if "state" not in document:
        raise ShadowError(400, "Missing required node: state")
    for section in object_in(document, "state").values():
        if _depth(section) > MAXIMUM_DEPTH:
            raise ShadowError(400, f"JSON contains too many levels of nesting; maximum is {MAXIMUM_DEPTH}")
    if len(str(document.get("clientToken", ""))) > MAXIMUM_TOKEN:
        raise ShadowError(400, f"clientToken must have at most {MAXIMUM_TOKEN} characters")
    # A first update with "version": 0 is right; moto would look for a version where there is no shadow.
    if document.get("version") == 0:
        document = {key: value for key, value in document.items() if key != "version"}
    return document


def _refuse_too_large(document: JsonObject, before: FakeShadow | None) -> None:
    stored = object_in(before.to_dict(), "state") if before and not before.deleted else {}
    state = {name: section for name, section in stored.items() if name in _SECTIONS}
    size = len(json.dumps(_merged(state, document["state"]), ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAXIMUM_BYTES:
        raise ShadowError(
            413, f"The payload exceeds the maximum size allowed: the shadow would have {size} of {MAXIMUM_BYTES} bytes"
        )


def _merged(below: JsonValue, above: JsonValue) -> JsonValue:
    """Return the state after an update: objects are merged key by key, and null removes a key."""
    if not isinstance(above, dict):
        return above
    result = dict(below) if isinstance(below, dict) else {}
    for key, value in above.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def _clear_sections(document: JsonObject, before: FakeShadow | None) -> None:
    # `"desired": null` empties the section; moto ignores it.
    state = document.get("state")
    if before is None or not isinstance(state, dict):
        return
    if "desired" in state and state["desired"] is None:
        before.desired = None
    if "reported" in state and state["reported"] is None:
        before.reported = None


def _keep_times(shadow: FakeShadow, document: JsonObject, before: FakeShadow | None) -> None:
    """Keep the times of the values that this update does not name (AWS IoT, "Shadow metadata").

    moto sets the time of every value.
    """
    sent = object_in(document, "state")
    if before is None:
        return
    shadow.metadata_desired = _times(
        shadow.metadata_desired, sent.get("desired", _NOT_SENT), before.desired and before.metadata_desired
    )
    shadow.metadata_reported = _times(
        shadow.metadata_reported, sent.get("reported", _NOT_SENT), before.reported and before.metadata_reported
    )


def _times(fresh: Any, sent: Any, before: Any) -> Any:
    """``fresh`` has the times as if everything were updated, in the shape of the present values."""
    if sent is _NOT_SENT:
        return fresh if before is None else before
    if not isinstance(fresh, dict) or not isinstance(sent, dict):
        return fresh
    known = before if isinstance(before, dict) else {}
    return {key: _times(time, sent.get(key, _NOT_SENT), known.get(key)) for key, time in fresh.items()}


def _token(document: JsonObject) -> JsonObject:
    return {"clientToken": document["clientToken"]} if "clientToken" in document else {}


def _stored(shadow: JsonObject) -> JsonObject:
    """Return the stored part as in ``update/documents``: without the delta, which is computed."""
    if "state" not in shadow:
        return {}
    state = {name: section for name, section in object_in(shadow, "state").items() if name != "delta"}
    return {"state": state, "metadata": shadow["metadata"], "version": shadow["version"]}


def _of_same_shape(delta: JsonValue, metadata: JsonValue) -> JsonValue:
    """Return the metadata of a delta's values only."""
    if isinstance(delta, dict) and isinstance(metadata, dict):
        return {key: _of_same_shape(value, metadata.get(key)) for key, value in delta.items()}
    return metadata


def _depth(value: JsonValue) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)
