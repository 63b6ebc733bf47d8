"""Makes one deployment, or resumes the one that is there already, waits for it, and records its outcome.

Shared by `deploy` and `rollback`, which decide what it should hold.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from cloud_publisher.deploying.content.comparing import client_token
from cloud_publisher.deploying.deployment import Deployment
from cloud_publisher.deploying.rollout.checks import check_content
from cloud_publisher.deploying.rollout.one_target import conflicts, refuse_conflicts
from cloud_publisher.deploying.rollout.reports import Delivered, DeliveredPart
from cloud_publisher.deploying.rollout.steps import Build, is_there
from cloud_publisher.deploying.rollout.target_access import TargetAccess
from cloud_publisher.deploying.target_state import TargetState
from cloud_publisher.fleet.devices import CoreDevice, DeviceStanding
from cloud_publisher.fleet.outcome import Outcome
from cloud_publisher.fleet.targets import Target
from cloud_publisher.fleet.waiting import Patience, wait_for_fleet
from shared_schema.release import Release


@dataclass(frozen=True, slots=True)
class RolloutOptions:
    """The options of `deploy` and `rollback`."""

    wait: bool = False
    retry: bool = False
    rollback_on_failure: bool = False
    patience: Patience = field(default_factory=Patience)


class Watch(Protocol):
    """Receives progress: ``say`` each step, ``devices`` after each look at the fleet."""

    def say(self, text: str) -> None: ...

    def devices(self, standings: Sequence[DeviceStanding]) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """The deployments of one target, made one after the other."""

    access: TargetAccess
    options: RolloutOptions
    watch: Watch

    @property
    def target(self) -> Target:
        """The target itself."""
        return self.access.target

    def deliver(
        self,
        build: Build,
        state: TargetState,
        *,
        ours: Collection[str],
        part: DeliveredPart,
        must_wait: bool,
        release: Release | None = None,
    ) -> Delivered:
        """Make the deployment that ``build`` returns for the channel, unless the current one asks the same already.

        ``ours`` are the components that a device of this target may not get from another target too. ``release`` says
        what its own agent reads. Raises ``WrongUseError`` for a device with two targets and for what `check_content`
        refuses, ``WorkFailedError`` when another deployment replaces this one meanwhile, ``CloudError``.
        """
        current = state.current
        if current is not None and is_there(build, state):
            resumed = self._resumed(current, part, must_wait=must_wait)
            if resumed is not None:
                return resumed
        content = build(state.channel)
        self._check_one_target(state.devices, ours)
        for figure in check_content(content, state.content, state.place, self.access.forms_of, release):
            self.watch.say(f"warning: {figure.warning}")
        token = client_token(self.target.arn, content, current.id if current else None)
        made = self.access.deployments.create(content, token=token)
        self.watch.say(f"deployment {made.id} of {self.target.words} created")
        if not must_wait:
            return Delivered(made, "created", part, None, ())
        return self._wait(made, "created", part)

    def _resumed(self, current: Deployment, part: DeliveredPart, *, must_wait: bool) -> Delivered | None:
        """Return the current deployment's result; None when it should be made again."""
        outcome = current.outcome
        if outcome is Outcome.CONFIRMED:
            self.watch.say(f"deployment {current.id} is there already, and confirmed: nothing to do")
            return Delivered(current, "unchanged", part, outcome, ())
        if self.options.retry and outcome is not None:
            self.watch.say(f"deployment {current.id} {outcome.value}: making a new revision of it")
            return None
        if outcome in (Outcome.FAILED, Outcome.REJECTED):
            self.watch.say(f"deployment {current.id} is there already: {outcome.value}")
            return Delivered(current, "unchanged", part, outcome, self.access.look(current).standings)
        self.watch.say(f"deployment {current.id} is there already, and not confirmed yet")
        if must_wait:
            return self._wait(current, "unchanged", part)
        return Delivered(current, "unchanged", part, None, ())

    def _wait(self, deployment: Deployment, action: Literal["created", "unchanged"], part: DeliveredPart) -> Delivered:
        state = wait_for_fleet(
            self.access.follower(deployment),
            patience=self.options.patience,
            still_current=lambda: self.access.deployments.check_current(deployment.id),
            tell=self.watch.devices,
            clock=self.access.clock,
        )
        if state.empty:
            self.watch.say(f"{self.target.words} has no core device yet: there is nothing to wait for")
        if state.outcome is not None:
            deployment = self.access.recorded(deployment, state.outcome)
        return Delivered(deployment, action, part, state.outcome, state.standings)

    def _check_one_target(self, devices: Sequence[CoreDevice], ours: Collection[str]) -> None:
        deployments, fleet = self.access.deployments, self.access.fleet
        # One call a device: only made when another target has a component of ours.
        if not any(set(ours) & other.content.components.keys() for other in deployments.of_other_targets()):
            return
        found = conflicts(
            {device.thing: fleet.executions(device.thing) for device in devices},
            self.target.arn,
            ours,
            lambda deployment_id: deployments.get(deployment_id).content.components.keys(),
        )
        refuse_conflicts(found)
