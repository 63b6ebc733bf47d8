"""The deployments by which a release goes to a target, one after the other, and what each of them holds.

Pure. `plan` shows these steps and `deploy` takes them, so that the two cannot differ. One deployment is enough, except
in two cases, and only where the target has a confirmed deployment whose models can serve meanwhile:

- a new agent and new models: the agent goes first, with the previous models (docs/architecture.md, "Deployments");
- on the validated channel, the configuration of another component changes while its version stays: it goes first, with
  the previous desired state. Once the nucleus asks the agent to validate, it waits for every component whose
  configuration changes, and would time out (docs/greengrass-facts.md, "Validation").
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from cloud_publisher.deploying.channels import applied_state, carriers, next_release
from cloud_publisher.deploying.content.comparing import configured_alike, fingerprint, same
from cloud_publisher.deploying.content.merging import (
    Models,
    merge_release,
    models_of_deployment,
    models_of_release,
)
from cloud_publisher.deploying.content.template_checks import UnfitTemplateError
from cloud_publisher.deploying.deployment import DeploymentContent
from cloud_publisher.deploying.target_state import TargetState
from cloud_publisher.errors import InvalidDocumentError, WrongUseError
from shared_schema.deployment import DeploymentTemplate
from shared_schema.documents import Document
from shared_schema.messages import Channel
from shared_schema.plan import Part, PlannedDeployment
from shared_schema.release import Release

Build = Callable[[Channel], DeploymentContent]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be deployed. ``removals`` are components that may be taken from the target."""

    release: Release
    template: Document[DeploymentTemplate]
    removals: frozenset[str] = frozenset()

    @property
    def names(self) -> set[str]:
        """The names of all components to deploy: the release's and the template's."""
        return {component.name for component in self.release.components} | set(self.template.value.components)

    def check_removals(self) -> None:
        """Raise ``WrongUseError`` for a component that is to be both deployed and removed."""
        both = sorted(self.removals & self.names)
        if both:
            raise WrongUseError(
                f"{', '.join(both)} may not be removed: the release or its deployment template has it",
                "take it out of greengrass-config.yml (or deployment.json) and build again, "
                "or leave out --allow-removal",
            )


@dataclass(frozen=True, slots=True)
class Step:
    """One deployment. ``build`` returns its content for a channel."""

    part: Part
    build: Build


def steps_of(order: Order, state: TargetState) -> tuple[Step, ...]:
    """Return the deployments to make, the full release last. It is a single one where the target has it already.

    Raises what a step's ``build`` raises: ``InvalidDocumentError``, ``WrongUseError``.
    """
    order.check_removals()
    whole = _builder(order, state, state.content)
    alone = (Step("release", whole),)
    current, confirmed = state.content, state.confirmed
    if current is None or confirmed is None or not depends_on_confirmed(order, state):
        return alone
    first = _agent_first(order, state, current, confirmed) or _configuration_first(
        order, current, confirmed, whole, state.channel
    )
    if first is None:
        return alone

    def rest(channel: Channel) -> DeploymentContent:
        return _builder(order, state, first.build(channel))(channel)

    return (first,) if same(rest(state.channel), first.build(state.channel)) else (first, Step("release", rest))


def depends_on_confirmed(order: Order, state: TargetState) -> bool:
    """Return whether the steps depend on the newest confirmed deployment, so that it must be read.

    Raises what `steps_of` raises.
    """
    if order.release.agent is None or state.current is None or not state.devices:
        return False
    order.check_removals()
    return not is_there(_builder(order, state, state.content), state)


def deployments_needed(steps: tuple[Step, ...], state: TargetState) -> list[PlannedDeployment]:
    """Return the deployments to be made: none where the current one asks the same already."""
    if len(steps) == 1 and is_there(steps[0].build, state):
        return []
    return [PlannedDeployment(part=step.part, fingerprint=fingerprint(step.build(state.channel))) for step in steps]


def is_there(build: Build, state: TargetState) -> bool:
    """Return whether the current deployment asks the same as the one that ``build`` returns for the channel."""
    current = state.current
    if current is None or current.withdrawn:
        return False
    if same(build(state.channel), current.content):
        return True
    # A release that was delivered by the subscribed channel need not be sent again because all devices are classic now.
    # One that was delivered by the validated channel is sent again once a lite device comes: lite restarts an agent
    # whose own configuration a deployment has.
    by_runtimes = state.asked_channel is None and state.channel is Channel.VALIDATED
    return by_runtimes and same(build(Channel.SUBSCRIBED), current.content)


def reconfigured(order: Order, after: DeploymentContent, before: DeploymentContent) -> tuple[str, ...]:
    """Return the components, other than the agent's, whose configuration changes while their version stays.

    Empty when the nucleus does not ask the agent to validate: there is no agent, or its version changes too.
    """
    agent = order.release.agent
    was = before.components.get(agent.name) if agent else None
    if agent is None or was is None or was.version != agent.version:
        return ()
    of_agent = carriers(agent.name)
    return tuple(
        name
        for name, component in sorted(after.components.items())
        if name not in of_agent
        and (former := before.components.get(name)) is not None
        and former.version == component.version
        and component.configures
        and not configured_alike(component, former)
    )


def _agent_first(
    order: Order, state: TargetState, current: DeploymentContent, confirmed: DeploymentContent
) -> Step | None:
    """Return the deployment of the new agent with the confirmed models, if both agent and models change."""
    agent = order.release.agent
    found = applied_state(confirmed, agent.name) if agent else None
    was = confirmed.components.get(agent.name) if agent else None
    if agent is None or found is None or was is None or was.version == agent.version:
        return None
    if not found.state.models or found.state.models == models_of_release(order.release).desired:
        return None
    kept = replace(order, removals=frozenset())
    return Step("agent", _builder(kept, state, current, models_of_deployment(confirmed, found)))


def _configuration_first(
    order: Order, current: DeploymentContent, confirmed: DeploymentContent, whole: Build, channel: Channel
) -> Step | None:
    """Return the deployment of the other components' new configuration, with the confirmed desired state unchanged."""
    if channel is not Channel.VALIDATED:
        return None
    final = whole(channel)
    names = reconfigured(order, final, confirmed)
    if not names:
        return None
    found = applied_state(confirmed)
    ours = order.names | ({model.component for model in found.state.models.values()} if found else set())
    components = {
        **current.components,
        **{name: component for name, component in confirmed.components.items() if name in ours},
        **{name: final.components[name] for name in names},
    }
    content = replace(final, components=components)
    return Step("configuration", lambda _channel: content)


def _builder(order: Order, state: TargetState, base: DeploymentContent | None, models: Models | None = None) -> Build:
    """Return the function that builds a deployment on top of ``base``; its errors name the place in the template."""
    # Higher than the current deployment's release too, where ``base`` has the desired state of an earlier one.
    number = max(next_release(state.now, base), next_release(state.now, state.content))

    def build(channel: Channel) -> DeploymentContent:
        try:
            return merge_release(
                order.release,
                order.template.value,
                base,
                channel=channel,
                number=number,
                models=models,
                removals=order.removals,
            )
        except UnfitTemplateError as error:
            raise InvalidDocumentError([order.template.diagnostic(error.path, error.problem, error.remedy)]) from None

    return build


def kept_of(order: Order, current: DeploymentContent | None) -> tuple[str, ...]:
    """Return the components that are on the target, are not in the order, and stay."""
    return tuple(sorted(set(current.components if current else ()) - order.names - order.removals))


def removed_of(order: Order, current: DeploymentContent | None) -> tuple[str, ...]:
    """Return the components that are taken from the target."""
    return tuple(sorted(order.removals & set(current.components if current else ())))


def missing_of(order: Order, current: DeploymentContent | None) -> tuple[str, ...]:
    """Return the components that are to be removed and are not on the target: removed before, or misspelt."""
    return tuple(sorted(order.removals - set(current.components if current else ())))
