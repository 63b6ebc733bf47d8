"""``plan.json``: what `plan` found that a release would do to an account and its targets; `deploy --plan` holds to it.

A program writes it and a person reads it. What it pins: the versions and content digests of the release, each target's
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
"""Which of a release's deployments: what others' configuration changes, the agent with the models of before, all."""


class _WrittenByPlan(WrittenByPeople):
    """As strict as what people write; a program makes it, by the fields' own names."""

    model_config = ConfigDict(populate_by_name=True)


class ValueChange(_WrittenByPlan):
    """One leaf of a JSON document. ``before`` and ``after`` are JSON texts; absent where there is no such leaf."""

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
    """What its configuration update and its run-with would say otherwise."""
    words: str | None = None


class PlannedDeployment(_WrittenByPlan):
    """One deployment to be made. The fingerprint is over all that it asks, but for release, seal and model digests."""

    part: Part
    fingerprint: Sha256


class TargetPlan(_WrittenByPlan):
    """What would become of one target. ``replaces`` is the deployment that it has now."""

    target_arn: str = Field(min_length=1)
    canary: bool = False
    replaces: str | None = None
    channel: Channel | None = None
    removals: list[ComponentName] = Field(default_factory=list)
    """The components that may be removed."""
    deployments: list[PlannedDeployment] = Field(default_factory=list)
    """In the order in which they would be made; none where the target has it all already."""
    components: list[ComponentChange] = Field(default_factory=list)
    settings: list[ValueChange] = Field(default_factory=list)
    """Changes of the deployment itself: policies, rollout, name."""
    warnings: list[str] = Field(default_factory=list)


class Plan(_WrittenByPlan):
    """The whole ``plan.json``."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    made: datetime
    account: str | None = None
    """Of the targets; absent where the plan has none."""
    components: list[ComponentBuild] = Field(min_length=1)
    publishing: list[ComponentPublishing] = Field(default_factory=list)
    targets: list[TargetPlan] = Field(default_factory=list)
    """A canary, if there is one, before the target."""

    @property
    def changes(self) -> bool:
        """Whether anything would be built, published or deployed."""
        return (
            any(each.action == "build" for each in self.components)
            or any(each.action != "unchanged" for each in self.publishing)
            or any(each.deployments for each in self.targets)
        )
