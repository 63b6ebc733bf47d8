"""Core devices of one account, as they describe themselves in their fleet status.

Source: ``$aws/things/{thing}/greengrassv2/health/json`` (AWS, "Gather Greengrass core device telemetry", and the
nucleus's FleetStatusDetails). A device that has never sent a status is unknown, as in the real service.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

_STATES = ("NEW", "INSTALLED", "STARTING", "RUNNING", "STOPPING", "ERRORED", "BROKEN", "FINISHED")


@dataclass(frozen=True, slots=True)
class InstalledComponent:
    """One component on a device. ``configuration_arns`` are the deployments that brought it."""

    name: str
    version: str
    state: str
    is_root: bool
    details: str | None
    codes: tuple[str, ...]
    changed: datetime
    reported: datetime
    configuration_arns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoreDevice:
    """A device's last status."""

    thing: str
    version: str
    platform: str
    architecture: str
    runtime: str
    status: str
    updated: datetime
    sequence: int = 0
    components: Mapping[str, InstalledComponent] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class CoreDeviceStore:
    """Core devices by thing. Not thread-safe: the caller holds the account's lock."""

    def __init__(self) -> None:
        self._devices: dict[str, CoreDevice] = {}

    def find(self, thing: str) -> CoreDevice | None:
        """Return the device, or None if it has never sent a status."""
        return self._devices.get(thing)

    def all(self) -> list[CoreDevice]:
        """Every device, by name."""
        return [self._devices[thing] for thing in sorted(self._devices)]

    def put(self, device: CoreDevice) -> None:
        """Replace the device's status."""
        self._devices[device.thing] = device

    def read_fleet_status(self, thing: str, payload: bytes) -> None:
        """Store a fleet status message. It is ignored if it is older than the last one since the same start."""
        message = json.loads(payload)
        if not isinstance(message, dict):
            raise ValueError("a fleet status message must be a JSON object")
        now = datetime.now(UTC)
        known = self._devices.get(thing)
        complete = message.get("messageType", "COMPLETE") == "COMPLETE" or known is None
        components = {} if complete or known is None else dict(known.components)
        before = known.components if known else {}
        for said in message.get("components") or []:
            component = _component(said, before.get(said.get("componentName", "")), now)
            components[component.name] = component
        device = CoreDevice(
            thing=thing,
            version=str(message.get("ggcVersion", "unknown")),
            platform=str(message.get("platform", "linux")),
            architecture=str(message.get("architecture", "unknown")),
            runtime=str(message.get("runtime", "aws_nucleus_classic")),
            status=str(message.get("overallDeviceStatus", "HEALTHY")),
            updated=now,
            sequence=int(message.get("sequenceNumber", 0)),
            components=components,
            tags=known.tags if known else {},
        )
        self._devices[thing] = device

    def remove(self, thing: str) -> None:
        """Remove a device. Its next status message adds it again."""
        del self._devices[thing]

    def set_tags(self, thing: str, tags: Mapping[str, str]) -> None:
        """Set a device's tags."""
        self._devices[thing] = replace(self._devices[thing], tags=tags)


def _component(said: Mapping[str, Any], before: InstalledComponent | None, now: datetime) -> InstalledComponent:
    state = str(said.get("status", "NEW"))
    if state not in _STATES:
        raise ValueError(f"{state!r} is not a lifecycle state")
    version = str(said["version"])
    details = said.get("statusDetails") or {}
    unchanged = before is not None and (before.state, before.version) == (state, version)
    return InstalledComponent(
        name=str(said["componentName"]),
        version=version,
        state=state,
        is_root=bool(said.get("isRoot", False)),
        details=str(details["statusReason"])[:1000] if details.get("statusReason") else None,
        codes=tuple(str(code) for code in details.get("statusCodes") or ()),
        changed=before.changed if before and unchanged else now,
        reported=now,
        configuration_arns=tuple(said.get("fleetConfigArns") or ()),
    )
