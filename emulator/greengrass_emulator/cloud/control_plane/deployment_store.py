"""Deployments of one account: revisions by target, the newest wins."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from greengrass_emulator.cloud.control_plane.requests import DeployedComponent, DeploymentPolicies
from greengrass_emulator.cloud.device_messages.job_rules import JobConfiguration

ACTIVE, INACTIVE, CANCELED = "ACTIVE", "INACTIVE", "CANCELED"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One revision of a target. ``components``, ``policies`` and ``job_configuration`` are the request's."""

    deployment_id: str
    target_arn: str
    revision: int
    created: datetime
    components: Mapping[str, DeployedComponent]
    policies: DeploymentPolicies
    order: int
    name: str | None = None
    status: str = ACTIVE
    job_id: str | None = None
    job_arn: str | None = None
    job_configuration: JobConfiguration | None = None
    parent_target_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def target_kind(self) -> str:
        """``thing`` or ``thinggroup``."""
        return self.target_arn.split(":", 5)[5].partition("/")[0]

    @property
    def target_name(self) -> str:
        """The thing's or the group's name."""
        return self.target_arn.partition("/")[2]


class DeploymentStore:
    """Deployments by id. Not thread-safe: the caller holds the account's lock."""

    def __init__(self) -> None:
        self._deployments: dict[str, Deployment] = {}
        self._revisions: dict[str, int] = {}
        self._orders = count(1)

    def find(self, deployment_id: str) -> Deployment | None:
        """Return the deployment, or None."""
        return self._deployments.get(deployment_id)

    def put(self, deployment: Deployment) -> None:
        """Add a deployment, or replace its former state."""
        self._deployments[deployment.deployment_id] = deployment

    def set_status(self, deployment_id: str, status: str) -> None:
        """Set a deployment's status."""
        self.put(replace(self._deployments[deployment_id], status=status))

    def of_target(self, target_arn: str) -> list[Deployment]:
        """Return a target's deployments, the newest first."""
        return [d for d in self.newest_first() if d.target_arn == target_arn]

    def latest_of(self, target_arn: str) -> Deployment | None:
        """Return a target's newest deployment."""
        return next(iter(self.of_target(target_arn)), None)

    def newest_first(self) -> list[Deployment]:
        """Return every deployment, the newest first."""
        return sorted(self._deployments.values(), key=lambda d: d.order, reverse=True)

    def remove(self, deployment_id: str) -> None:
        """Remove a deployment. Its revision is not used again."""
        del self._deployments[deployment_id]

    def next_order(self) -> int:
        """Return a number higher than that of any deployment so far, which orders deployments of the same second."""
        return next(self._orders)

    def next_revision(self, target_arn: str) -> int:
        """Return the next revision of a target, counted from 1."""
        self._revisions[target_arn] = self._revisions.get(target_arn, 0) + 1
        return self._revisions[target_arn]
