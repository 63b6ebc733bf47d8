"""A deployment as the API has it, parsed once at the edge into values that do not change.

What is AWS's own and not ours to judge (run-with, policies, job configuration) is kept as the JSON that the API gave,
so that what another team has put on the target comes through a release exactly as it was.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeployedComponent:
    """One root of a deployment. ``merge`` is the JSON text as the API takes it, ``reset`` JSON pointers."""

    version: str
    merge: str | None = None
    reset: tuple[str, ...] = ()
    run_with: Json | None = None

    @property
    def configures(self) -> bool:
        """Return whether the deployment has a configuration update for it. Lite restarts it then, changed or not."""
        return self.merge is not None or bool(self.reset)

    @property
    def merged(self) -> Json:
        """Return ``merge`` as an object. Raises ``ValueError`` for a text that is no JSON object."""
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
    policies: Json = field(default_factory=dict)
    job: Json = field(default_factory=dict)
    name: str | None = None
    parent_target_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


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
        """Cancelled: no device will take it any more, so it is nothing to wait for."""
        return self.status == "CANCELED"

    @property
    def superseded(self) -> bool:
        """A newer revision of its target took its place."""
        return self.status == "INACTIVE"
