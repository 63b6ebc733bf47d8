"""What passes over IoT Core: health, confirmations, predictions, replies, the named shadow (architecture, section 4).

Each message is one JSON object under 5 KB with `schema`, the thing, a UTC timestamp and a sequence number.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from shared_schema.names import ModelName, Sha256, Version
from shared_schema.strict_model import Message

MAXIMUM_BYTES = 5_000
"""One billing increment of IoT Core, and below lite's IPC frame limit."""


class AgentState(StrEnum):
    """What an agent says of itself."""

    STARTING = "STARTING"
    IDLE = "IDLE"
    SERVING = "SERVING"
    DEGRADED = "DEGRADED"
    ERRORED = "ERRORED"


class Verdict(StrEnum):
    """What became of a model on a device."""

    CONFIRMED = "CONFIRMED"
    """It serves: its digest is what the desired state names."""
    REJECTED = "REJECTED"
    """The device's own checks refused it; what served before goes on."""
    HELD = "HELD"
    """An operator put the previous model back by command; the desired one is accepted, and does not serve."""
    FAILED = "FAILED"
    """It could not be brought to serve for a reason that is not the model's (its artifact never came, no memory)."""


class Reason(StrEnum):
    """Why a model was refused, for programs; the words for people stand beside it."""

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


CONTENT_REASONS = frozenset({Reason.DIGEST, Reason.MANIFEST, Reason.GRAPH, Reason.GOLDEN})
"""Refusals that hold for ever for a digest; any other is tried once more (architecture, section 3)."""


class Envelope(Message):
    """What every message carries."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    thing: str
    timestamp: datetime
    sequence: int = Field(ge=0)

    def encoded(self) -> bytes:
        """The message as JSON text in UTF-8. Keep it under ``MAXIMUM_BYTES``."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class Latency(Message):
    """Milliseconds from a frame's arrival to its prediction, over the window since the last health message."""

    p50: float
    p95: float
    p99: float
    max: float


class ModelHealth(Message):
    """One model that serves. ``throughput`` is predictions a second over the window."""

    component: str
    version: Version
    digest: Sha256
    provider: str | None = None
    """The execution provider that onnxruntime took."""
    provider_wanted: str | None = None
    """The manifest's first choice, where this device fell back to another."""
    requests: int = 0
    errors: int = 0
    throughput: float = 0.0
    latency_ms: Latency | None = None


class Health(Envelope):
    """The agent's health. ``cpu`` is percent of one core, ``rss`` and ``free_disk`` are bytes."""

    state: AgentState
    agent_version: str
    release: str | None = None
    models: dict[ModelName, ModelHealth] = Field(default_factory=dict)
    doors: list[Literal["validated", "followed"]] = Field(default_factory=list)
    cpu: float = 0.0
    rss: int = 0
    free_disk: int = 0
    dropped_frames: int = 0
    last_error: str | None = None
    why: str | None = None
    """Why the state is DEGRADED or ERRORED, in words for people."""


class ModelConfirmation(Message):
    """What became of one model of a release: the part of a confirmation that the shadow keeps."""

    release: str
    component: str
    version: Version
    digest: Sha256
    verdict: Verdict
    reason: Reason | None = None
    words: str | None = Field(default=None, max_length=700)
    """The reason in words for people."""
    steps_ms: dict[str, float] = Field(default_factory=dict)
    """How long each step took: digest, graph, load, warm-up, golden, cost, swap."""


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
    """The ``request`` of the command's payload, given back."""


class Prediction(Message):
    """One prediction, as the sinks write it. ``output`` depends on the task."""

    source: str
    frame: str
    """The image's name, or the frame's number."""
    frame_id: str | None = None
    """Tells this frame from every other of its source; where the source cannot offer one twice, it is left out."""
    model: ModelName
    version: Version
    digest: Sha256
    timestamp: datetime
    latency_ms: float
    output: dict[str, Any]


class PublishedPrediction(Envelope, Prediction):
    """A prediction as it passes over IoT Core. ``cut``: boxes or rows beyond a message's size are left out."""

    cut: bool = False


class ShadowModel(Message):
    """What the shadow says of a model: what serves (if any does), and the last confirmation."""

    component: str | None = None
    version: Version | None = None
    digest: Sha256 | None = None
    confirmation: ModelConfirmation | None = None


class ShadowReport(Message):
    """``state.reported`` of the named shadow ``mlops``."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    thing: str
    timestamp: datetime
    agent_version: str
    state: AgentState
    release: str | None = None
    """The release that the agent obeys. With no model in it, this alone is the confirmation."""
    models: dict[ModelName, ShadowModel] = Field(default_factory=dict)
    why: str | None = None
