"""What is known of a core device: what the cloud says of it, and what it reports. Values only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared_schema.shadow import ShadowReport

SUCCEEDED = frozenset({"SUCCEEDED", "COMPLETED"})
"""The service says the first for a group's deployment, the second for a thing's."""
OPEN = frozenset({"QUEUED", "IN_PROGRESS"})


@dataclass(frozen=True, slots=True)
class CoreDevice:
    """``reported`` is when the device last reported its status: daily at least, so ``status`` may be stale."""

    thing: str
    status: str
    runtime: str | None
    reported: datetime


@dataclass(frozen=True, slots=True)
class Execution:
    """How one deployment went on one device. ``errors`` is the error stack, the last cause last."""

    deployment_id: str
    target_arn: str
    status: str
    modified: datetime
    reason: str | None = None
    errors: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The device's own reason, and the last cause of its error stack if that says more."""
        cause = self.errors[-1] if self.errors and self.errors[-1] not in (self.reason or "") else None
        return ": ".join(part for part in (self.reason, cause) if part) or self.status


@dataclass(frozen=True, slots=True)
class InstalledComponent:
    """A root component on a device, and its lifecycle state."""

    name: str
    version: str
    state: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of a device and one deployment at one time.

    ``execution`` is that deployment's, and None while the device's latest is another. ``report`` is the shadow
    ``mlops``, and None if the agent never wrote it.
    """

    device: CoreDevice
    execution: Execution | None
    report: ShadowReport | None


class Standing(StrEnum):
    """How far a deployment is on one device."""

    QUEUED = "queued"
    IN_PROGRESS = "in progress"
    UNCONFIRMED = "unconfirmed"
    """Its deployment succeeded, and its agent has not confirmed or refused the models yet."""
    HELD = "held"
    """An operator put the previous model back by command: pending until the hold is released."""
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    FAILED = "failed"


FINAL = frozenset({Standing.CONFIRMED, Standing.REJECTED, Standing.FAILED})


@dataclass(frozen=True, slots=True)
class DeviceStanding:
    """A device's standing, with the reason in words. ``seen`` is false for a device that is away, which does not count.

    ``remedy`` says what to do about a failure.
    """

    thing: str
    standing: Standing
    words: str
    seen: bool = True
    runtime: str | None = None
    remedy: str | None = None

    @property
    def final(self) -> bool:
        """Whether the standing can no longer change by itself."""
        return self.standing in FINAL
