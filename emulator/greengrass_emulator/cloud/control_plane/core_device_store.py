"""Core devices of one account, as they describe themselves in their fleet status.

Source: ``$aws/things/{thing}/greengrassv2/health/json`` (AWS, "Gather Greengrass core device telemetry", and the
nucleus's FleetStatusDetails). A device that has never sent a status is unknown, as in the real service.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class _StatusDetails(_Part):
    status_reason: str | None = None
    status_codes: tuple[str, ...] | None = None


class _ComponentStatus(_Part):
    component_name: str
    version: str
    status: Literal["NEW", "INSTALLED", "STARTING", "RUNNING", "STOPPING", "ERRORED", "BROKEN", "FINISHED"] = "NEW"
    is_root: bool = False
    status_details: _StatusDetails | None = None


class _FleetStatus(_Part):
    """The message; members that the cloud does not show are left out."""

    message_type: str = "COMPLETE"
    ggc_version: str = "unknown"
    platform: str = "linux"
    architecture: str = "unknown"
    runtime: str = "aws_nucleus_classic"
    overall_device_status: str = "HEALTHY"
    components: tuple[_ComponentStatus, ...] | None = None


@dataclass(frozen=True, slots=True)
class InstalledComponent:
    """One component on a device."""

    name: str
    version: str
    state: str
    is_root: bool
    details: str | None
    codes: tuple[str, ...]
    changed: datetime
    reported: datetime


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
        """Return every device, by name."""
        return [self._devices[thing] for thing in sorted(self._devices)]

    def put(self, device: CoreDevice) -> None:
        """Replace the device's status."""
        self._devices[device.thing] = device

    def read_fleet_status(self, thing: str, payload: bytes) -> None:
        """Store a fleet status message.

        Raises ``ValueError`` for a message that a nucleus does not send (pydantic's ``ValidationError`` is one).
        """
        message = _FleetStatus.model_validate_json(payload)
        now = datetime.now(UTC)
        known = self._devices.get(thing)
        before = known.components if known else {}
        # A PARTIAL message names the components that changed.
        components = {} if message.message_type == "COMPLETE" else dict(before)
        for component in message.components or ():
            components[component.component_name] = _installed(component, before.get(component.component_name), now)
        self._devices[thing] = CoreDevice(
            thing=thing,
            version=message.ggc_version,
            platform=message.platform,
            architecture=message.architecture,
            runtime=message.runtime,
            status=message.overall_device_status,
            updated=now,
            components=components,
            tags=known.tags if known else {},
        )

    def remove(self, thing: str) -> None:
        """Remove a device. Its next status message adds it again."""
        del self._devices[thing]

    def set_tags(self, thing: str, tags: Mapping[str, str]) -> None:
        """Set a device's tags."""
        self._devices[thing] = replace(self._devices[thing], tags=tags)


def _installed(component: _ComponentStatus, before: InstalledComponent | None, now: datetime) -> InstalledComponent:
    details = component.status_details or _StatusDetails()
    unchanged = before is not None and (before.state, before.version) == (component.status, component.version)
    return InstalledComponent(
        name=component.component_name,
        version=component.version,
        state=component.status,
        is_root=component.is_root,
        details=details.status_reason[:1000] if details.status_reason else None,
        codes=details.status_codes or (),
        changed=before.changed if before and unchanged else now,
        reported=now,
    )
