"""The thing's named shadow `mlops`: the fleet's last known state (docs/architecture.md, "Topics and messages").

A shadow merges each update into its document. So what serves, and what was last confirmed, is one text each: no part of
an earlier one can stay. The document may be larger than a message, and is then written in several updates.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, TypeAdapter, WithJsonSchema

from shared_schema.messages import SaidReason, SaidState, SaidStateReason, SaidVerdict
from shared_schema.names import ModelDigest, ModelName, Version
from shared_schema.strict_model import Message

MAXIMUM_SHADOW_BYTES = 7_800
"""The most bytes of ``state.reported`` as JSON: AWS takes 8 KB of a shadow's state (IoT Device Shadow quotas)."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The version of a model that serves: ``version:digest``."""

    version: Version
    digest: ModelDigest

    @property
    def text(self) -> str:
        return f"{self.version}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Said:
    """The last verdict on a model: ``release:version:digest:verdict``, then ``:reason:words`` if it has them."""

    release: str
    version: Version
    digest: ModelDigest
    verdict: SaidVerdict
    reason: SaidReason | None = None
    words: str | None = None
    """For people; the only part that may contain colons."""

    @property
    def text(self) -> str:
        bare = f"{self.release}:{self.version}:{self.digest}:{self.verdict}:{self.reason or ''}:{self.words or ''}"
        return bare.rstrip(":") if self.reason is None and not self.words else bare


_SERVING, _SAID = TypeAdapter(Serving), TypeAdapter(Said)


def _serving_of(given: Any) -> Any:
    if isinstance(given, Serving):
        return given
    parts = given.split(":") if isinstance(given, str) else []
    if len(parts) != 2:
        raise ValueError(f"{given!r} does not say what serves; it is version:digest")
    return _SERVING.validate_python(dict(zip(("version", "digest"), parts, strict=True)))


def _said_of(given: Any) -> Any:
    if isinstance(given, Said):
        return given
    parts = [*given.split(":", 5), "", ""][:6] if isinstance(given, str) else []
    if len(parts) != 6 or not parts[3]:
        raise ValueError(f"{given!r} is no confirmation; it is release:version:digest:verdict:reason:words")
    release, version, digest, verdict, reason, words = parts
    return _SAID.validate_python(
        {
            "release": release,
            "version": version,
            "digest": digest,
            "verdict": verdict,
            "reason": reason or None,
            "words": words or None,
        }
    )


def _text_of(form: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "description": form})


ServingText = Annotated[
    Serving,
    BeforeValidator(_serving_of),
    PlainSerializer(lambda each: each.text, return_type=str),
    _text_of("version:digest"),
]
SaidText = Annotated[
    Said,
    BeforeValidator(_said_of),
    PlainSerializer(lambda each: each.text, return_type=str),
    _text_of("release:version:digest:verdict:reason:words"),
]


class ShadowModel(Message):
    """What the shadow says of a model: the version that serves, if any, and the last verdict."""

    serves: ServingText | None = None
    said: SaidText | None = None

    @property
    def version(self) -> str | None:
        """The version that serves."""
        return self.serves.version if self.serves is not None else None

    @property
    def digest(self) -> str | None:
        """The digest of the version that serves."""
        return self.serves.digest if self.serves is not None else None


class ShadowReport(Message):
    """``state.reported`` of the named shadow ``mlops``."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    thing: str
    timestamp: datetime
    agent_version: str
    state: SaidState
    release: str | None = None
    """The release that the agent applies. If it has no model, this alone is the confirmation."""
    models: dict[ModelName, ShadowModel] = Field(default_factory=dict)
    reason: SaidStateReason | None = None
    why: str | None = None
