"""``plan.json``: what a release would change in an account and its targets, by `plan`; `deploy --plan` does just that.

A program writes it and a person reads it. It pins the versions and content digests of the release, each target's
current deployment, and a fingerprint of every deployment that would be made.
"""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from shared_schema.messages import Channel
from shared_schema.names import ComponentName, Sha256, Version
from shared_schema.release import Kind
from shared_schema.strict_model import WrittenByPeople

FILE = "plan.json"
Part = Literal["configuration", "agent", "release"]
"""One of a release's deployments: configuration only, agent first, or the full release."""


class _WrittenByPlan(WrittenByPeople):
    """As strict as a document of people, but with the fields' own names, since a program makes it."""

    model_config = ConfigDict(populate_by_name=True)


class ValueChange(_WrittenByPlan):
    """One leaf of a JSON document. ``before`` and ``after`` are JSON texts; absent if there is no such leaf."""

    pointer: str = Field(pattern=r"^(/.*)?$")
    before: str | None = None
    after: str | None = None


class ComponentBuild(_WrittenByPlan):
    """One component of the release: built, or reused from the bucket. ``because`` says why it is built."""

    key: str
    name: ComponentName
    version: Version
    kind: Kind
    content_digest: Sha256
    action: Literal["build", "reuse"]
    because: list[str] = Field(default_factory=list)
    uploads: list[str] = Field(default_factory=list)
    """The URIs of the artifacts that would be uploaded."""


class ComponentPublishing(_WrittenByPlan):
    """One component version in the target account."""

    name: ComponentName
    version: Version
    action: Literal["create", "create again", "unchanged", "wait for"]
    because: str | None = None


class ComponentChange(_WrittenByPlan):
    """One component of a target, before and after."""

    name: ComponentName
    change: Literal["added", "changed", "unchanged", "kept", "removed"]
    before: str | None = None
    """Its version on the target now."""
    after: str | None = None
    configuration: list[ValueChange] = Field(default_factory=list)
    """What would change in its configuration update and its run-with."""
    words: str | None = None


class PlannedDeployment(_WrittenByPlan):
    """One deployment to be made. The fingerprint is over its content, without release, seal and model digests."""

    part: Part
    fingerprint: Sha256


class TargetPlan(_WrittenByPlan):
    """What would change on one target. ``replaces`` is its current deployment."""

    target_arn: str = Field(min_length=1)
    canary: bool = False
    replaces: str | None = None
    channel: Channel | None = None
    removals: list[ComponentName] = Field(default_factory=list)
    """The components that may be removed."""
    deployments: list[PlannedDeployment] = Field(default_factory=list)
    """In the order in which they would be made; empty if the target has the release already."""
    components: list[ComponentChange] = Field(default_factory=list)
    settings: list[ValueChange] = Field(default_factory=list)
    """Changes of the deployment itself: policies, rollout, name."""
    warnings: list[str] = Field(default_factory=list)


class Plan(_WrittenByPlan):
    """The whole ``plan.json``."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    made: datetime
    account: str | None = None
    """The targets' account; absent if the plan has no target."""
    components: list[ComponentBuild] = Field(min_length=1)
    publishing: list[ComponentPublishing] = Field(default_factory=list)
    targets: list[TargetPlan] = Field(default_factory=list)
    """The canary first, if there is one, then the target."""

    @property
    def changes(self) -> bool:
        """Whether anything would be built, published or deployed."""
        return (
            any(each.action == "build" for each in self.components)
            or any(each.action != "unchanged" for each in self.publishing)
            or any(each.deployments for each in self.targets)
        )
