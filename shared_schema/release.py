"""``dist/release.json``: the one document by which `build` tells the later commands what it built.

It has each recipe as the text that is published, so that prod gets byte for byte what dev got. It names no account,
role or target: whoever may write it must not choose where it goes.
"""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field, field_validator

# It lives there, so that a starting agent need not know of releases.
from shared_schema.desired_state import desired_component_name as desired_component_name  # noqa: PLC0414
from shared_schema.names import ApplicationName, BucketName, ComponentName, ModelDigest, Region, Sha256, Version
from shared_schema.settings import AgentSettings
from shared_schema.strict_model import WrittenByPeople

FILE = "release.json"
CONTENT_DIGEST_TAG = "mlops:content-digest"
FORMS_TAG = "mlops:forms"
"""The tag of an agent's component version with the forms of the desired state that it reads, separated by spaces."""
OUTCOME_TAG = "mlops:outcome"
Kind = Literal["agent", "desired", "model", "application"]
"""``model`` is a hot-reloadable model component; a model without a manifest is an ``application``."""


class _WrittenByBuild(WrittenByPeople):
    """As strict as a document of people, but with the fields' own names, since a program makes it."""

    model_config = ConfigDict(populate_by_name=True)


class ReleaseArtifact(_WrittenByBuild):
    """One uploaded artifact. ``size`` in bytes; ``sha256`` over the archive's bytes."""

    uri: str = Field(pattern=r"^s3://[^/]+/.+")
    sha256: Sha256
    size: int = Field(ge=0)


class ReleaseModel(_WrittenByBuild):
    """The model of a hot-reloadable component: its model digest, and how long its vetting may take (seconds)."""

    digest: ModelDigest
    vetting_timeout: float = Field(gt=0)
    source: str | None = None
    """The model package's ARN, or the S3 object, that it was built from."""


class ReleaseComponent(_WrittenByBuild):
    """One component of the release, built now or reused."""

    key: str
    """The component's key in the config, such as ``digits``; for a model, also its name on the device."""
    name: ComponentName
    version: Version
    kind: Kind
    content_digest: Sha256
    reused: bool
    recipe: str = Field(min_length=2)
    """The recipe's JSON text, as it is published."""
    artifacts: list[ReleaseArtifact] = Field(default_factory=list)
    model: ReleaseModel | None = None
    forms: list[str] = Field(default_factory=list)
    """Of the agent: the forms of the desired state that it reads. `deploy` sends it no other."""


class Release(_WrittenByBuild):
    """The whole ``release.json``."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    built: datetime
    bucket: BucketName
    region: Region
    application: ApplicationName | None = None
    settings: AgentSettings | None = None
    """The agent's settings; absent if the release has no agent."""
    components: list[ReleaseComponent] = Field(min_length=1)

    @field_validator("components")
    @classmethod
    def _named_once(cls, components: list[ReleaseComponent]) -> list[ReleaseComponent]:
        names = [component.name for component in components]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"names {', '.join(repeated)} twice; build the release again")
        return components

    def of_kind(self, kind: Kind) -> list[ReleaseComponent]:
        """Return the components of one kind, in the release's order."""
        return [component for component in self.components if component.kind == kind]

    @property
    def agent(self) -> ReleaseComponent | None:
        """The agent, if the release has one."""
        return next(iter(self.of_kind("agent")), None)
