"""A deployment as the API has it, parsed once at the edge into values that do not change.

What is AWS's own and not ours to judge (run-with, policies, job configuration) is kept as the JSON that the API gave,
so that what another team has put on the target comes through a release exactly as it was. Source of the policies'
defaults: AWS IoT Greengrass V2 API reference, DeploymentPolicies.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from cloud_publisher.fleet.outcome import Outcome
from shared_schema.json_value import JsonObject, JsonValue
from shared_schema.release import OUTCOME_TAG


@dataclass(frozen=True, slots=True)
class DeployedComponent:
    """One root of a deployment. ``merge`` is the JSON text as the API takes it, ``reset`` JSON pointers."""

    version: str
    merge: str | None = None
    reset: tuple[str, ...] = ()
    run_with: JsonObject | None = None

    @property
    def configures(self) -> bool:
        """Whether the deployment has a configuration update for it. Lite restarts it then, changed or not."""
        return self.merge is not None or bool(self.reset)

    @property
    def merged(self) -> JsonObject:
        """``merge`` as an object. Raises ``ValueError`` for a text that is no JSON object."""
        if self.merge is None:
            return {}
        read = json.loads(self.merge)
        if not isinstance(read, dict):
            raise ValueError("a configuration's merge is JSON and no object")
        return read


@dataclass(frozen=True, slots=True)
class DeploymentContent:
    """What a deployment asks of its target: the whole set of roots, and how it goes out."""

    components: Mapping[str, DeployedComponent]
    policies: JsonObject = field(default_factory=dict)
    job: JsonObject = field(default_factory=dict)
    name: str | None = None
    parent_target_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def failure_policy(self) -> JsonValue:
        """``ROLLBACK`` or ``DO_NOTHING``, with the API's default filled in, as in the next two."""
        return self.policies.get("failureHandlingPolicy") or "ROLLBACK"

    @property
    def update_policy(self) -> JsonObject:
        """Whether a device asks its components before it updates them: ``action`` and ``timeoutInSeconds``."""
        return {"action": "NOTIFY_COMPONENTS", "timeoutInSeconds": 60, **self._policy("componentUpdatePolicy")}

    @property
    def validation_policy(self) -> JsonObject:
        """How long components may take to validate: ``timeoutInSeconds``."""
        return {"timeoutInSeconds": 30, **self._policy("configurationValidationPolicy")}

    def _policy(self, name: str) -> JsonObject:
        policy = self.policies.get(name)
        return policy if isinstance(policy, dict) else {}


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment that was made. A group's stays ``ACTIVE`` whatever happens on the devices."""

    id: str
    target_arn: str
    status: str
    created: datetime
    content: DeploymentContent
    job_id: str | None = None

    @property
    def withdrawn(self) -> bool:
        """Whether it was cancelled: no device will take it any more, so it is nothing to wait for."""
        return self.status == "CANCELED"

    @property
    def superseded(self) -> bool:
        """Whether a newer revision of its target took its place."""
        return self.status == "INACTIVE"

    @property
    def outcome(self) -> Outcome | None:
        """The outcome that an earlier command wrote in its tag; None for none, or for one that we do not know."""
        tag = self.content.tags.get(OUTCOME_TAG)
        return next((outcome for outcome in Outcome if outcome.value == tag), None)

    def with_outcome(self, outcome: Outcome) -> "Deployment":
        """Return the deployment with another outcome in its tag."""
        tags = {**self.content.tags, OUTCOME_TAG: outcome.value}
        return replace(self, content=replace(self.content, tags=tags))
