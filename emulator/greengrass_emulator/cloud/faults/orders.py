"""The faults that can be ordered, as documents: what ``greengrass-emulator fault`` sends and ``Cloud.faults`` takes.

Operations are written as boto3 knows them, ``greengrassv2:CreateDeployment``, and may hold ``*``.
"""

from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

Times = Annotated[int, Field(ge=1, le=1_000_000)]


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _OfCalls(_Order):
    operation: str
    account: str | None = None
    times: Times = 1

    @field_validator("operation")
    @classmethod
    def _exists(cls, operation: str) -> str:
        if not any(fnmatchcase(known, operation) for known in known_operations()):
            raise ValueError(f"{operation!r} is not an operation here; write one as greengrassv2:CreateDeployment")
        return operation


class Throttle(_OfCalls):
    """The next calls are refused as too many, without any effect."""

    kind: Literal["throttle"] = "throttle"


class LoseAnswer(_OfCalls):
    """The next calls are executed, and the connection is closed without an answer."""

    kind: Literal["lose-answer"] = "lose-answer"


class Delay(_OfCalls):
    """The next calls are answered later by some seconds."""

    kind: Literal["delay"] = "delay"
    seconds: float = Field(gt=0, le=3600)


class Corrupt(_Order):
    """The next downloads of objects have one wrong byte each. ``key`` may hold ``*``."""

    kind: Literal["corrupt"] = "corrupt"
    key: str
    times: Times = 1


class TakeAway(_Order):
    """S3, or an account's MQTT broker (every account's, if none is named), is unreachable until it is brought back."""

    kind: Literal["take-away"] = "take-away"
    service: Literal["s3", "broker"]
    account: str | None = None


class CutOff(_Order):
    """A device has no network until it is joined again: no broker, no device endpoint, no S3."""

    kind: Literal["cut-off"] = "cut-off"
    thing: str
    account: str


class ExpireSessions(_Order):
    """Every present session of an account's roles (of every account's, if none is named) ends. New ones are valid."""

    kind: Literal["expire-sessions"] = "expire-sessions"
    account: str | None = None


class TurnClock(_Order):
    """The cloud's own clock goes forward: rollouts, time-outs, client tokens."""

    kind: Literal["turn-clock"] = "turn-clock"
    seconds: float = Field(ge=0)


class LagIndex(_Order):
    """The fleet index has every change so much later, and is built in ten times as long, until it is cleared."""

    kind: Literal["lag-index"] = "lag-index"
    seconds: float = Field(ge=0, le=86_400)
    account: str | None = None


class BringBack(_Order):
    """Undoes ``take-away``."""

    kind: Literal["bring-back"] = "bring-back"
    service: Literal["s3", "broker"]
    account: str | None = None


class Join(_Order):
    """Undoes ``cut-off``."""

    kind: Literal["join"] = "join"
    thing: str
    account: str


class Clear(_Order):
    """Undoes every lasting fault, and forgets those that are still to come."""

    kind: Literal["clear"] = "clear"


Order = Annotated[
    Throttle
    | LoseAnswer
    | Delay
    | Corrupt
    | TakeAway
    | CutOff
    | ExpireSessions
    | TurnClock
    | LagIndex
    | BringBack
    | Join
    | Clear,
    Field(discriminator="kind"),
]
ORDERS: TypeAdapter[Order] = TypeAdapter(Order)


def known_operations() -> list[str]:
    """Return every operation for which a fault can be ordered."""
    from greengrass_emulator.iam.actions.operations import MODELS  # noqa: PLC0415 - reads botocore
    from greengrass_emulator.service_models import service_model  # noqa: PLC0415

    return [f"{name}:{operation}" for name in MODELS.values() for operation in service_model(name).operation_names]
