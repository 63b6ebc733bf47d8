"""In which deployments a release goes to a target, one after the other, and what each of them holds.

Pure. `plan` shows these steps and `deploy` takes them, so that the two cannot differ. One deployment is enough but for
two cases, and only where devices have confirmed a deployment that can be carried over meanwhile:

- a new agent and new models: the agent goes first, with the previous models (architecture, "Deployments");
- on the validated channel, the configuration of another component changes while its version stays: it goes first, with
  the previous desired state. Once the nucleus asks the agent to validate, it waits for every component whose
  configuration changes, and would time out (greengrass-facts.md, "Deployments"; nucleus,
  DynamicComponentConfigurationValidator.java).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from cloud_publisher.deploying.channels import carrier, held, next_release
from cloud_publisher.deploying.comparing import configured_alike, same
from cloud_publisher.deploying.deployment import Deployment, DeploymentContent
from cloud_publisher.deploying.merging import (
    Models,
    UnfitTemplateError,
    merge_release,
    models_of_deployment,
    models_of_release,
)
from cloud_publisher.errors import InvalidDocumentError, WrongUseError
from shared_schema.deployment import DeploymentTemplate
from shared_schema.documents import Document
from shared_schema.messages import Channel
from shared_schema.plan import Part
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
        """The components that it brings: the release's and the template's."""
        return {component.name for component in self.release.components} | set(self.template.value.components)

    def check_removals(self) -> None:
        """Raises ``WrongUseError`` for a component that it would both bring and remove."""
        both = sorted(self.removals & self.names)
        if both:
            raise WrongUseError(
                f"{', '.join(both)} may not be removed: the release or its deployment template has it",
                "take it out of greengrass-config.yml (or deployment.json) and build again, "
                "or leave out --allow-removal",
            )


@dataclass(frozen=True, slots=True)
class Situation:
    """The target as it is. ``confirmed`` is asked at most once, for the newest confirmed deployment's content.

    ``by_runtimes``: the channel follows from the devices' runtimes, and was not asked for.
    """

    current: Deployment | None
    confirmed: Callable[[], DeploymentContent | None]
    has_devices: bool
    now: int
    by_runtimes: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One deployment, by channel."""

    part: Part
    build: Build


def steps_of(order: Order, situation: Situation, channel: Channel) -> tuple[Step, ...]:
    """The deployments to make, the whole release last; one is enough where the target has it already.

    Raises what building one raises: ``InvalidDocumentError``, ``WrongUseError``.
    """
    order.check_removals()
    current = situation.current
    whole = _builder(order, situation, current.content if current else None)
    alone = (Step("release", whole),)
    agent = order.release.agent
    if agent is None or current is None or not situation.has_devices:
        return alone
    if is_there(whole, current, channel, by_runtimes=situation.by_runtimes):
        return alone
    confirmed = situation.confirmed()
    if confirmed is None:
        return alone
    first = _agent_first(order, situation, current.content, confirmed) or _configuration_first(
        order, current.content, confirmed, whole, channel
    )
    if first is None:
        return alone

    def rest(at: Channel) -> DeploymentContent:
        return _builder(order, situation, first.build(at))(at)

    return (first,) if same(rest(channel), first.build(channel)) else (first, Step("release", rest))


def is_there(build: Build, current: Deployment, channel: Channel, *, by_runtimes: bool) -> bool:
    """Whether the current deployment asks what ``build`` gives for the channel."""
    if current.withdrawn:
        return False
    if same(build(channel), current.content):
        return True
    # A release that went out by the subscribed channel is at its place: classic devices that came since are no reason
    # to send it again. The other way round it is one, as lite may not be configured by the validated channel.
    return by_runtimes and channel is Channel.VALIDATED and same(build(Channel.SUBSCRIBED), current.content)


def reconfigured(order: Order, after: DeploymentContent, before: DeploymentContent) -> tuple[str, ...]:
    """The components beside the agent whose configuration changes while their version stays.

    None of them counts when the agent is not asked to validate: without one, and when its version changes too.
    """
    agent = order.release.agent
    was = before.components.get(agent.name) if agent else None
    if agent is None or was is None or was.version != agent.version:
        return ()
    carriers = {carrier(agent.name, channel) for channel in Channel}
    return tuple(
        name
        for name, component in sorted(after.components.items())
        if name not in carriers
        and (former := before.components.get(name)) is not None
        and former.version == component.version
        and component.configures
        and not configured_alike(component, former)
    )


def _agent_first(
    order: Order, situation: Situation, current: DeploymentContent, confirmed: DeploymentContent
) -> Step | None:
    """The new agent with the models that the devices have, where both agent and models change."""
    agent = order.release.agent
    found = held(confirmed, agent.name) if agent else None
    was = confirmed.components.get(agent.name) if agent else None
    if agent is None or found is None or was is None or was.version == agent.version:
        return None
    if not found.state.models or found.state.models == models_of_release(order.release).desired:
        return None
    kept = replace(order, removals=frozenset())
    return Step("agent", _builder(kept, situation, current, models_of_deployment(confirmed, found)))


def _configuration_first(
    order: Order, current: DeploymentContent, confirmed: DeploymentContent, whole: Build, channel: Channel
) -> Step | None:
    """What changes the nucleus would wait for in vain, with the desired state just as the devices have it."""
    if channel is not Channel.VALIDATED:
        return None
    final = whole(channel)
    names = reconfigured(order, final, confirmed)
    if not names:
        return None
    found = held(confirmed)
    ours = order.names | ({model.component for model in found.state.models.values()} if found else set())
    components = {
        **current.components,
        **{name: component for name, component in confirmed.components.items() if name in ours},
        **{name: final.components[name] for name in names},
    }
    content = replace(final, components=components)
    return Step("configuration", lambda _channel: content)


def _builder(order: Order, situation: Situation, base: DeploymentContent | None, models: Models | None = None) -> Build:
    """What a deployment on top of ``base`` should hold, by channel; refusals name the place in the template."""
    current = situation.current.content if situation.current else None
    # Above the current deployment's too, where ``base`` carries over the desired state of one before it.
    number = max(next_release(situation.now, base), next_release(situation.now, current))

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
            raise InvalidDocumentError([order.template.fault(error.path, error.problem, error.remedy)]) from None

    return build


def kept_of(order: Order, current: DeploymentContent | None) -> tuple[str, ...]:
    """The components that are on the target, that the order does not bring, and that stay."""
    return tuple(sorted(set(current.components if current else ()) - order.names - order.removals))


def removed_of(order: Order, current: DeploymentContent | None) -> tuple[str, ...]:
    """The components that are on the target, and are taken from it."""
    return tuple(sorted(order.removals & set(current.components if current else ())))


def missing_of(order: Order, current: DeploymentContent | None) -> tuple[str, ...]:
    """The components that may be removed and are not on the target: a second run's, or a misspelt name's."""
    return tuple(sorted(order.removals - set(current.components if current else ())))
