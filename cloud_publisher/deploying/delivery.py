"""Makes one deployment, or resumes the one that is there already, waits for it, and records its outcome.

Shared by `deploy` and `rollback`, which decide what it should hold.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from cloud_publisher.deploying.channels import carrier, choose_channel, held
from cloud_publisher.deploying.comparing import client_token
from cloud_publisher.deploying.deployment import Deployment, DeploymentContent
from cloud_publisher.deploying.deployments import TargetDeployments, outcome_tag
from cloud_publisher.deploying.forms import FormsOf, refuse_unread
from cloud_publisher.deploying.one_target import conflicts, refuse
from cloud_publisher.deploying.reports import Delivered
from cloud_publisher.deploying.steps import Build, is_there
from cloud_publisher.deploying.terms import Terms, Watch
from cloud_publisher.fleet.devices import CoreDevice
from cloud_publisher.fleet.following import FleetState, Follower
from cloud_publisher.fleet.index import FleetIndex
from cloud_publisher.fleet.jobs import Jobs
from cloud_publisher.fleet.observing import FleetView
from cloud_publisher.fleet.outcome import Outcome, Wanted
from cloud_publisher.fleet.targets import Target
from cloud_publisher.fleet.waiting import Clock, wait_for_fleet
from cloud_publisher.sizes.deployment_sizes import Place, deployment_figures, place_of, refuse_too_large
from cloud_publisher.sizes.figure import Figure, warned_of
from shared_schema.messages import Channel
from shared_schema.release import OUTCOME_TAG, Release

Part = Literal["configuration", "agent", "release", "rollback"]


class Delivery:
    """The deployments of one target, made one after the other."""

    def __init__(
        self,
        deployments: TargetDeployments,
        view: FleetView,
        jobs: Jobs,
        terms: Terms,
        watch: Watch,
        clock: Clock | None = None,
        *,
        index: FleetIndex | None = None,
        forms_of: FormsOf,
    ) -> None:
        """``forms_of`` asks the account which forms of the desired state a version of an agent reads."""
        self.deployments = deployments
        self.terms = terms
        self.watch = watch
        self._view = view
        self._jobs = jobs
        self._index = index
        self._forms_of = forms_of
        self._clock = clock or Clock()

    @property
    def target(self) -> Target:
        return self.deployments.target

    def now(self) -> datetime:
        """Return the current time of the delivery's own clock."""
        return self._clock.now()

    def devices(self) -> list[CoreDevice]:
        """Return the target's core devices. Raises ``CloudError``."""
        return self._view.core_devices(self.target)

    def settle(self, current: Deployment | None, *, record: bool = True) -> Deployment | None:
        """Return the deployment with its outcome tag; a missing or timed-out outcome is computed again and written.

        Raises ``CloudError``.
        """
        if current is None or current.withdrawn or outcome_tag(current) not in (None, Outcome.TIMED_OUT):
            return current
        state = self._look(current)
        if state.outcome is None:
            return current
        return self._recorded(current, state.outcome) if record else _with_outcome(current, state.outcome)

    def channel(self, devices: Sequence[CoreDevice]) -> Channel:
        """Return the channel that was asked for, or the one that fits the devices."""
        return self.terms.channel or choose_channel(device.runtime for device in devices)

    def place(self, devices: Sequence[CoreDevice]) -> Place:
        """Return where a deployment goes. A device counts as lite unless it is known to be classic."""
        channel = choose_channel(device.runtime for device in devices) if devices else self.terms.channel
        lite = channel is not Channel.VALIDATED
        return place_of(self.target, [device.thing for device in devices], lite=lite)

    def check(
        self,
        content: DeploymentContent,
        before: DeploymentContent | None,
        devices: Sequence[CoreDevice],
        release: Release | None = None,
    ) -> list[Figure]:
        """Check that the devices can take a deployment; return the sizes in it that are worth a warning.

        ``release`` says what its own agent reads; of any other version the account is asked. Raises ``WrongUseError``
        for a deployment that is too large, or whose agent does not read the desired state in it, and ``CloudError``.
        """
        agent = release.agent if release else None

        def forms_of(name: str, version: str) -> Sequence[str] | None:
            if agent is not None and (agent.name, agent.version) == (name, version):
                return agent.forms
            return self._forms_of(name, version)

        place = self.place(devices)
        figures = deployment_figures(content, place)
        refuse_too_large(figures, place)
        refuse_unread(content, before, forms_of)
        return warned_of(figures)

    def deliver(
        self,
        build: Build,
        current: Deployment | None,
        *,
        ours: Collection[str],
        part: Part,
        must_wait: bool,
        release: Release | None = None,
    ) -> Delivered:
        """Make the deployment that ``build`` returns for the channel, unless the current one asks the same already.

        ``ours`` are the components that a device of this target may not get from another target too.
        Raises ``WrongUseError`` for a device with two targets and for what `check` refuses, ``WorkFailedError`` when
        another deployment replaces this one meanwhile, ``CloudError``.
        """
        devices = self.devices()
        channel = self.channel(devices)
        content = build(channel)
        if current is not None and is_there(build, current, channel, by_runtimes=self.terms.channel is None):
            again = self._again(current, part, must_wait=must_wait)
            if again is not None:
                return again
        self._check_one_target(devices, ours)
        for figure in self.check(content, current.content if current else None, devices, release):
            self.watch.say(f"warning: {figure.warning}")
        made = self.deployments.create(
            content,
            token=client_token(self.target.arn, content, current.id if current else None),
        )
        self.watch.say(f"deployment {made.id} of {self.target.words} created")
        if not must_wait:
            return Delivered(made, "created", part, None, ())
        return self._wait(made, "created", part)

    def _again(self, current: Deployment, part: Part, *, must_wait: bool) -> Delivered | None:
        """Return the current deployment's result; None when it should be made again."""
        outcome = outcome_tag(current)
        if outcome is Outcome.CONFIRMED:
            self.watch.say(f"deployment {current.id} is there already, and confirmed: nothing to do")
            return Delivered(current, "unchanged", part, outcome, ())
        if self.terms.retry and outcome is not None:
            self.watch.say(f"deployment {current.id} {outcome.value}: making a new revision of it")
            return None
        if outcome in (Outcome.FAILED, Outcome.REJECTED):
            self.watch.say(f"deployment {current.id} is there already: {outcome.value}")
            state = self._look(current)
            return Delivered(current, "unchanged", part, outcome, state.standings)
        self.watch.say(f"deployment {current.id} is there already, and not confirmed yet")
        if must_wait:
            return self._wait(current, "unchanged", part)
        return Delivered(current, "unchanged", part, None, ())

    def _wait(self, deployment: Deployment, action: Literal["created", "unchanged"], part: Part) -> Delivered:
        state = wait_for_fleet(
            self._follower(deployment),
            patience=self.terms.patience,
            still_current=lambda: self.deployments.check_current(deployment.id),
            tell=self.watch.devices,
            clock=self._clock,
        )
        if state.empty:
            self.watch.say(f"{self.target.words} has no core device yet: there is nothing to wait for")
        if state.outcome is not None:
            deployment = self._recorded(deployment, state.outcome)
        return Delivered(deployment, action, part, state.outcome, state.standings)

    def _look(self, deployment: Deployment) -> FleetState:
        return self._follower(deployment).look(self._clock.monotonic(), self._clock.now(), last=True)

    def _follower(self, deployment: Deployment) -> Follower:
        wanted = wanted_of(deployment)
        quorum, job_id = self.terms.quorum, deployment.job_id
        return Follower(self._view, self._jobs, self.target, wanted, quorum, job_id, self._index)

    def _recorded(self, deployment: Deployment, outcome: Outcome) -> Deployment:
        self.deployments.record(deployment, outcome)
        return _with_outcome(deployment, outcome)

    def _check_one_target(self, devices: list[CoreDevice], ours: Collection[str]) -> None:
        # One call a device: only made when another target has a component of ours.
        if not any(set(ours) & other.content.components.keys() for other in self.deployments.of_other_targets()):
            return
        found = conflicts(
            {device.thing: self._view.executions(device.thing) for device in devices},
            self.target.arn,
            ours,
            lambda deployment_id: self.deployments.get(deployment_id).content.components.keys(),
        )
        refuse(found)


def _with_outcome(deployment: Deployment, outcome: Outcome) -> Deployment:
    tags = {**deployment.content.tags, OUTCOME_TAG: outcome.value}
    return replace(deployment, content=replace(deployment.content, tags=tags))


def wanted_of(deployment: Deployment) -> Wanted:
    """Return the state that the devices of a deployment should reach."""
    found = held(deployment.content)
    carriers = {carrier(found.agent, channel) for channel in Channel} if found else set()
    configured = tuple(
        name
        for name, component in sorted(deployment.content.components.items())
        if component.configures and name not in carriers
    )
    agent = deployment.content.components[found.agent].version if found else None
    return Wanted(deployment.id, found.state if found else None, configured, agent)
