"""Reads a target once, and follows its fleet: the edge between the account's API and what decides about the target."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from cloud_publisher.deploying.content.forms import FormsOf
from cloud_publisher.deploying.deployment import Deployment, DeploymentContent
from cloud_publisher.deploying.rollout.steps import Order, depends_on_confirmed
from cloud_publisher.deploying.target_deployments import TargetDeployments
from cloud_publisher.deploying.target_state import TargetState, wanted_of
from cloud_publisher.fleet.devices import CoreDevice
from cloud_publisher.fleet.following import FleetState, Follower
from cloud_publisher.fleet.index import FleetIndex
from cloud_publisher.fleet.jobs import Jobs
from cloud_publisher.fleet.observing import FleetView
from cloud_publisher.fleet.outcome import Outcome, Quorum
from cloud_publisher.fleet.targets import Target
from cloud_publisher.fleet.waiting import Clock
from cloud_publisher.publishing.component_versions import ComponentVersions
from cloud_publisher.session import Account
from shared_schema.messages import Channel


@dataclass(frozen=True, slots=True)
class TargetAccess:
    """The calls about one target, and by which channel and quorum it is judged.

    ``forms_of`` asks the account which forms of the desired state a version of an agent reads. ``asked_channel`` is
    None to choose the channel by the target's runtimes.
    """

    deployments: TargetDeployments
    fleet: FleetView
    jobs: Jobs
    index: FleetIndex | None
    forms_of: FormsOf
    quorum: Quorum = field(default_factory=Quorum)
    asked_channel: Channel | None = None
    clock: Clock = field(default_factory=Clock)

    @property
    def target(self) -> Target:
        """The target itself."""
        return self.deployments.target

    def read(self, order: Order | None = None, *, record: bool = True) -> TargetState:
        """Return the target as it is now. Without an order, ``confirmed`` is not looked for.

        An outcome that is missing or timed out is computed anew; ``record`` writes it on the deployment too. Raises
        ``WrongUseError`` (no such target), ``CloudError``, and with an order what `steps_of` raises.
        """
        self.deployments.check_target()
        return self.read_again(order, record=record)

    def read_again(self, order: Order | None = None, *, record: bool = True) -> TargetState:
        """Return a target that is known to be there as it is now. Raises what `read` raises."""
        current = self._settled(self.deployments.current(), record=record)
        state = TargetState(self.target, current, self._devices(), self._now(), self.asked_channel)
        if order is None or not depends_on_confirmed(order, state):
            return state
        return replace(state, confirmed=self._confirmed(current))

    def read_after(self, state: TargetState, made: Deployment) -> TargetState:
        """Return a target's state once ``made`` is its deployment, with the devices of now. Raises ``CloudError``."""
        return replace(state, current=made, devices=self._devices(), now=self._now())

    def follower(self, deployment: Deployment) -> Follower:
        """Return what follows a deployment on the target's devices."""
        return Follower(
            self.fleet, self.jobs, self.target, wanted_of(deployment), self.quorum, deployment.job_id, self.index
        )

    def look(self, deployment: Deployment) -> FleetState:
        """Look once at every device of a deployment. Raises ``CloudError``."""
        return self.follower(deployment).look(self.clock.monotonic(), self.clock.now(), last=True)

    def recorded(self, deployment: Deployment, outcome: Outcome) -> Deployment:
        """Write a deployment's outcome in its tag, and return the deployment with it. Raises ``CloudError``."""
        self.deployments.record(deployment, outcome)
        return deployment.with_outcome(outcome)

    def _settled(self, current: Deployment | None, *, record: bool) -> Deployment | None:
        if current is None or current.withdrawn or current.outcome not in (None, Outcome.TIMED_OUT):
            return current
        outcome = self.look(current).outcome
        if outcome is None:
            return current
        return self.recorded(current, outcome) if record else current.with_outcome(outcome)

    def _confirmed(self, current: Deployment | None) -> DeploymentContent | None:
        if current is not None and current.outcome is Outcome.CONFIRMED:
            return current.content
        found = (each for each in self.deployments.history() if each.outcome is Outcome.CONFIRMED)
        return next((each.content for each in found), None)

    def _devices(self) -> tuple[CoreDevice, ...]:
        return tuple(self.fleet.core_devices(self.target))

    def _now(self) -> int:
        return int(self.clock.now().timestamp())


def open_target(account: Account, target: Target, quorum: Quorum, asked_channel: Channel | None = None) -> TargetAccess:
    """Return the access to a target of the account."""
    versions = ComponentVersions(account)

    @cache
    def forms_of(name: str, version: str) -> Sequence[str] | None:
        found = versions.find(name, version)
        return found.forms if found else None

    return TargetAccess(
        deployments=TargetDeployments(account.greengrass, account.iot, target),
        fleet=FleetView(account.greengrass, account.iot_data),
        jobs=Jobs(account.iot),
        index=FleetIndex(account.iot),
        forms_of=forms_of,
        quorum=quorum,
        asked_channel=asked_channel,
    )
