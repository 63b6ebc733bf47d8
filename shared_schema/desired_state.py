"""The desired state: the one document that says what an agent should do (architecture, section 3).

Written whole by `deploy` under the key `desired`, in one of two places; read by the agent, which may catch it half
written: hence the seal. Each leaf is text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared_schema.canonical_json import canonical_json, sha256_of_document
from shared_schema.names import ComponentName, ModelName, Sha256, Version

KEY = "desired"
"""The key of a component's configuration that holds the document."""
MAXIMUM_BYTES = 6_000
MAXIMUM_STRING = 900
"""Lite closes a connection at a frame of 10,000 bytes, and refuses a configuration string of about 1,000."""


def desired_component_name(agent: str) -> str:
    """The name of the small component that carries the desired state at the followed door."""
    return f"{agent}.desired"


class DesiredStateTooLargeError(ValueError):
    """The document, or a string in it, is larger than lite can carry."""


@dataclass(frozen=True, slots=True)
class NotWhole:
    """Why what was read is no whole document: absent, half written, or torn. The remedy is to read again."""

    reason: str


class DesiredModel(BaseModel):
    """One model: its component, that component's version, and the model digest of its files."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    component: ComponentName
    version: Version
    digest: Sha256


def _with_its_seal(schema: dict[str, Any]) -> None:
    """The seal is checked before the document becomes a ``DesiredState``, which has no use for it."""
    told = "The SHA-256 of the document's canonical JSON without the seal and without empty objects."
    schema["properties"]["seal"] = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": told}
    schema["required"] = [*schema.get("required", []), "seal"]


class DesiredState(BaseModel):
    """A whole desired state. ``release`` is the Unix time of the deploy, as decimal text."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra=_with_its_seal)

    release: str = Field(pattern=r"^[0-9]{1,18}$")
    models: dict[ModelName, DesiredModel] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)

    @property
    def order(self) -> int:
        """What two documents are compared by: the higher one is obeyed."""
        return int(self.release)

    def sealed(self) -> dict[str, Any]:
        """The document to write, seal included. Raises ``DesiredStateTooLargeError`` beyond lite's limits."""
        document = self.model_dump(mode="json")
        document["seal"] = seal_of(document)
        size = len(canonical_json(document))
        if size > MAXIMUM_BYTES:
            raise DesiredStateTooLargeError(
                f"the desired state has {size} bytes, and {MAXIMUM_BYTES} is the most that every nucleus carries: "
                "deploy fewer models to one device, or shorter settings"
            )
        for path, text in _leaves(document, ""):
            if len(text.encode()) > MAXIMUM_STRING:
                raise DesiredStateTooLargeError(
                    f"{path} of the desired state has {len(text.encode())} bytes, and lite takes {MAXIMUM_STRING}: "
                    "shorten it"
                )
        return document


def seal_of(document: Mapping[str, Any]) -> str:
    """The seal of a document: the SHA-256 of its canonical JSON without ``seal``.

    Empty objects are left out first: a configuration store is a tree of leaves, and need not keep a branch without one.
    """
    return sha256_of_document(_without_empty({key: value for key, value in document.items() if key != "seal"}))


def read_desired_state(document: object) -> DesiredState | NotWhole:
    """The state that a configuration's ``desired`` holds, or why it is not whole. Never raises for bad input."""
    if not isinstance(document, Mapping) or not document:
        return NotWhole("there is no desired state")
    seal = document.get("seal")
    if not isinstance(seal, str):
        return NotWhole("the desired state has no seal")
    if any(not isinstance(leaf, str) for _, leaf in _all_leaves(document, "")):
        return NotWhole("a leaf of the desired state is no text")
    try:
        right = seal_of(document)
    except ValueError as error:
        return NotWhole(f"the desired state cannot be written canonically: {error}")
    if seal != right:
        return NotWhole("the seal of the desired state does not match what it holds")
    try:
        return DesiredState.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        return NotWhole(f"the desired state is sealed, and wrong at {place}: {first['msg']}")


def higher_release(one: DesiredState | NotWhole, other: DesiredState | NotWhole) -> DesiredState | NotWhole:
    """Of the documents at the two doors, the whole one with the higher release; the first of two equal ones."""
    if isinstance(one, NotWhole):
        return other if isinstance(other, DesiredState) else one
    if isinstance(other, NotWhole):
        return one
    return other if other.order > one.order else one


def _without_empty(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    inner = {key: _without_empty(each) for key, each in value.items()}
    return {key: each for key, each in inner.items() if each != {}}


def _all_leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [leaf for key, each in value.items() for leaf in _all_leaves(each, f"{path}/{key}")]
    return [(path, value)]


def _leaves(value: Any, path: str) -> list[tuple[str, str]]:
    return [(place, str(leaf)) for place, leaf in _all_leaves(value, path)]
