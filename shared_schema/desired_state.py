"""The desired state: the one document that says what an agent should do (docs/architecture.md, "The desired state").

`deploy` writes it whole, under the key `desired` of one of two components. The agent may read it half written, so it
has a seal. Each leaf is text, and each model is one text: a key called ``version`` would make the classic nucleus
restart the agent, and nucleus lite takes few bytes.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    field_validator,
)
from pydantic.config import JsonDict

from shared_schema.digests import sha256_of_document
from shared_schema.json_value import JsonObject, JsonValue, leaves
from shared_schema.names import ComponentName, ModelDigest, ModelName, Version, alike_but_for_case

KEY = "desired"
"""The key of a component's configuration that holds the document."""
FORM: Final = "2"
"""The form of the document that this code writes and reads. Every form has ``form``, ``release`` and ``seal``."""
FORMS: Final = (FORM,)
"""The forms that an agent with this code reads."""
_RELEASE = re.compile(r"[0-9]{1,18}")


def desired_component_name(agent: str) -> str:
    """Return the name of the small component that carries the desired state of the subscribed channel."""
    return f"{agent}.desired"


@dataclass(frozen=True, slots=True)
class NotWhole:
    """Why there is no whole document: it is absent or half written. The remedy is to read again."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnknownForm:
    """A whole document of a form that this code does not read. The remedy is another agent, or a new `deploy`."""

    form: str
    release: str

    @property
    def order(self) -> int:
        """The number that two documents are compared by, as with ``DesiredState.order``."""
        return int(self.release)


class DesiredModel(BaseModel):
    """One model: its component, that component's version, and the model digest of its files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    component: ComponentName
    version: Version
    digest: ModelDigest

    @property
    def text(self) -> str:
        """The model as text in the document: ``component:version:digest``. None of the three can contain a colon."""
        return f"{self.component}:{self.version}:{self.digest}"


def _model_of(given: object) -> object:
    """Return the three parts of a model's text. Raises ``ValueError`` for any other number of parts."""
    if isinstance(given, DesiredModel):
        return given
    parts = given.split(":") if isinstance(given, str) else []
    if len(parts) != 3:
        raise ValueError(f"{given!r} is no model; it is component:version:digest")
    return dict(zip(("component", "version", "digest"), parts, strict=True))


_ModelText = Annotated[
    DesiredModel,
    BeforeValidator(_model_of),
    PlainSerializer(lambda model: model.text, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[^:]+:[^:]+:[A-Za-z0-9_-]{43}$",
            "description": "component:version:digest, the model digest in base64url",
        }
    ),
]


def _with_its_seal(schema: JsonDict) -> None:
    """Add the seal to the exported schema; a ``DesiredState`` has no field for it, as it is checked before."""
    description = "The SHA-256 of the document's canonical JSON without the seal and without empty objects."
    seal: JsonDict = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": description}
    properties, required = schema.get("properties"), schema.get("required")
    schema["properties"] = {**(properties if isinstance(properties, dict) else {}), "seal": seal}
    schema["required"] = ["form", *(required if isinstance(required, list) else []), "seal"]


class DesiredState(BaseModel):
    """A whole desired state. ``release`` is the Unix time of the deploy, as decimal text."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra=_with_its_seal)

    form: Literal["2"] = FORM
    release: str = Field(pattern=rf"^{_RELEASE.pattern}$")
    models: dict[ModelName, _ModelText] = Field(default_factory=dict)
    settings: JsonObject = Field(default_factory=dict)

    @field_validator("models")
    @classmethod
    def _names_differ(cls, models: dict[str, DesiredModel]) -> dict[str, DesiredModel]:
        alike = alike_but_for_case(models)
        if alike:
            raise ValueError(f"{', '.join(alike)} differ in case alone, and classic takes them for one key")
        return models

    @property
    def order(self) -> int:
        """The number that two documents are compared by: the agent applies the higher one."""
        return int(self.release)

    def sealed(self) -> JsonObject:
        """Return the document to write, with its seal. `deploy` checks its size, whose limit depends on the target."""
        document: JsonObject = self.model_dump(mode="json")
        document["seal"] = seal_of(document)
        return document


def seal_of(document: JsonObject) -> str:
    """Return the seal of a document: the SHA-256 of its canonical JSON without ``seal``.

    Empty objects are left out first: a configuration store is a tree of leaves, and may drop a branch without any.
    """
    return sha256_of_document(_without_empty({key: value for key, value in document.items() if key != "seal"}))


def read_desired_state(document: object) -> DesiredState | UnknownForm | NotWhole:
    """Return the state in a configuration's ``desired``, or why it cannot be read. Never raises for bad input."""
    if not isinstance(document, dict) or not document:
        return NotWhole("there is no desired state")
    seal = document.get("seal")
    if not isinstance(seal, str):
        return NotWhole("the desired state has no seal")
    try:
        right = seal_of(document)
    except ValueError as error:
        return NotWhole(f"the desired state cannot be written canonically: {error}")
    if seal != right:
        return NotWhole("the seal of the desired state does not match what it holds")
    form, release = document.get("form", "none"), document.get("release")
    if form not in FORMS and isinstance(form, str) and isinstance(release, str) and _RELEASE.fullmatch(release):
        return UnknownForm(form, release)
    if any(not isinstance(leaf, str) and leaf != {} for _, leaf in leaves(document)):
        return NotWhole("a leaf of the desired state is no text")
    try:
        return DesiredState.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        return NotWhole(f"the desired state is sealed, and wrong at {place}: {first['msg']}")


Read = DesiredState | UnknownForm | NotWhole


def higher_release(one: Read, other: Read) -> Read:
    """Return, of two channels' documents, the whole one with the higher release; the first of two equal ones."""
    if isinstance(one, NotWhole):
        return one if isinstance(other, NotWhole) else other
    if isinstance(other, NotWhole):
        return one
    return other if other.order > one.order else one


def _without_empty(value: JsonValue) -> JsonValue:
    if not isinstance(value, dict):
        return value
    inner = {key: _without_empty(each) for key, each in value.items()}
    return {key: each for key, each in inner.items() if each != {}}
