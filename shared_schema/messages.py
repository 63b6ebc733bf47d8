"""The messages over IoT Core: health, confirmations, predictions, replies.

Each message is one JSON object under 5 KB with `schema`, the thing, a UTC timestamp and a sequence number. A newer
agent may send a state, a verdict, a reason or a channel that the reader does not know: it is read, and shown, as text.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from shared_schema.names import ModelDigest, ModelName, Version
from shared_schema.strict_model import Message

MAXIMUM_BYTES = 4_800
"""Below a billing increment of IoT Core (5 KB), lite's largest MQTT packet (5,000 with its topic) and its IPC frame."""
LONGEST_WORDS = 700
"""Characters of a confirmation's words."""


class AgentState(StrEnum):
    """The agent's own state."""

    STARTING = "STARTING"
    IDLE = "IDLE"
    SERVING = "SERVING"
    DEGRADED = "DEGRADED"
    ERRORED = "ERRORED"


class Verdict(StrEnum):
    """The agent's verdict on a desired model."""

    CONFIRMED = "CONFIRMED"
    """It serves, with the digest that the desired state names."""
    REJECTED = "REJECTED"
    """The device's own checks refused it; the previous model goes on serving."""
    HELD = "HELD"
    """An operator put the previous model back by command; the desired one is accepted but does not serve."""
    FAILED = "FAILED"
    """It could not be loaded for a reason outside the model (its artifact never came, no memory)."""


class StateReason(StrEnum):
    """Why an agent is DEGRADED, for programs, if the reason is not a model's."""

    INSTALL = "install"
    """A newer version of the agent could not be installed or started; this version goes on."""
    FORM = "form"
    """The desired state has a form that this agent cannot read; it goes on as before."""


def not_brought_up(version: str, words: str) -> str:
    """Return the ``why`` of an agent with the reason ``install``: which version could not replace it, and why."""
    return f"{_not_brought_up(version)}{words}"


def tells_not_brought_up(why: str | None, version: str) -> bool:
    """Return whether ``why`` says so of this version."""
    return (why or "").startswith(_not_brought_up(version))


def _not_brought_up(version: str) -> str:
    return f"agent {version} could not be brought up: "


class Channel(StrEnum):
    """The delivery channels: the two ways by which a desired state can reach the agent
    (docs/architecture.md, "Two channels")."""

    VALIDATED = "validated"
    """The agent's own configuration. The classic nucleus asks the agent to validate it before it is applied."""
    SUBSCRIBED = "subscribed"
    """The configuration of the component ``<agent>.desired``, to which the agent subscribes."""


class Reason(StrEnum):
    """Why a model was refused, for programs; a text for people is beside it."""

    DIGEST = "digest"
    MANIFEST = "manifest"
    GRAPH = "graph"
    LOAD = "load"
    GOLDEN = "golden"
    BUDGET = "budget"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    SIGNAL = "signal"
    ARTIFACT = "artifact"
    DISK = "disk"
    """There is no room on the device for the agent's copy of the model."""


CONTENT_REASONS = frozenset({Reason.DIGEST, Reason.MANIFEST, Reason.GRAPH, Reason.GOLDEN})
"""Refusals that are final for a digest; after any other it is vetted once more (docs/architecture.md, "Vetting")."""


SaidState = Annotated[AgentState | str, Field(union_mode="left_to_right")]
SaidVerdict = Annotated[Verdict | str, Field(union_mode="left_to_right")]
SaidReason = Annotated[Reason | str, Field(union_mode="left_to_right")]
SaidStateReason = Annotated[StateReason | str, Field(union_mode="left_to_right")]
SaidChannel = Annotated[Channel | str, Field(union_mode="left_to_right")]
"""An unknown value of a newer agent is read as text."""


class Envelope(Message):
    """The fields of every message."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    thing: str
    timestamp: datetime
    sequence: int = Field(ge=0)

    def encoded(self) -> bytes:
        """Return the message as JSON text in UTF-8. It must be below ``MAXIMUM_BYTES``."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class Latency(Message):
    """Milliseconds from a frame's arrival to its prediction, over the window since the last health message."""

    p50: float
    p95: float
    p99: float
    max: float


class ModelHealth(Message):
    """One model that serves. ``throughput`` is predictions a second over the window. The digest says which it is."""

    version: Version
    digest: ModelDigest
    provider: str | None = None
    """The execution provider that onnxruntime took."""
    provider_wanted: str | None = None
    """The manifest's first choice, where this device fell back to another."""
    requests: int = 0
    errors: int = 0
    throughput: float = 0.0
    latency_ms: Latency | None = None


class Health(Envelope):
    """The agent's health. ``cpu`` is percent of one core, ``rss`` and ``free_disk`` are bytes.

    If the models do not fit in one message, there are several ``parts``, and this is number ``part``, counted from 1.
    Each part has some of the models and all other fields; all parts have the same timestamp.
    """

    state: SaidState
    agent_version: str
    release: str | None = None
    models: dict[ModelName, ModelHealth] = Field(default_factory=dict)
    channels: list[SaidChannel] = Field(default_factory=list)
    """The channels by which a desired state can reach the agent now."""
    cpu: float = 0.0
    rss: int = 0
    free_disk: int = 0
    dropped_frames: int = 0
    dropped_messages: int = 0
    """How many messages were dropped since the agent's start, because its publish queue was full."""
    last_error: str | None = None
    reason: SaidStateReason | None = None
    why: str | None = None
    """Why the state is DEGRADED or ERRORED, in words for people."""
    jail: list[str] | None = None
    """Which parts of the jail hold on this device, by the last model that was vetted (docs/security.md, "The jail")."""
    part: int = Field(default=1, ge=1)
    parts: int = Field(default=1, ge=1)


class ModelConfirmation(Message):
    """The verdict on one model of a release."""

    release: str
    component: str
    version: Version
    digest: ModelDigest
    verdict: SaidVerdict
    reason: SaidReason | None = None
    words: str | None = Field(default=None, max_length=LONGEST_WORDS)
    """The reason in words for people."""
    steps_ms: dict[str, float] = Field(default_factory=dict)
    """Milliseconds that each step took: digest, graph, load, warm-up, golden, cost, swap."""


class Confirmation(Envelope, ModelConfirmation):
    """Published after each model that was accepted, rejected, held, or rolled back."""

    model: ModelName
    agent_version: str
    deployment: str | None = None
    """The IoT job id (for a group) or configuration ARN (for a thing) if the nucleus gave one."""


class CommandReply(Envelope):
    """The answer to a command, on its reply topic."""

    command: str
    ok: bool
    words: str
    request: str | None = None
    """The ``request`` of the command's payload."""


class Prediction(Message):
    """One prediction, as the sinks write it. The shape of ``output`` depends on the task."""

    source: str
    frame: str
    """The image's name, or the frame's number."""
    frame_id: str | None = None
    """Identifies the frame within its source; absent if the source cannot deliver a frame twice."""
    model: ModelName
    version: Version
    digest: ModelDigest
    timestamp: datetime
    latency_ms: float
    output: dict[str, Any]


class PublishedPrediction(Envelope, Prediction):
    """A prediction as sent over IoT Core. ``cut``: boxes or rows beyond a message's size are left out."""

    cut: bool = False
