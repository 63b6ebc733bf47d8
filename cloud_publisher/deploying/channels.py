"""Where a deployment holds the desired state, and by which channel a new one is delivered.

Pure: deployments and runtimes in, answers out (docs/architecture.md, "Two channels").
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cloud_publisher.deploying.deployment import DeployedComponent, DeploymentContent
from shared_schema.desired_state import (
    KEY,
    DesiredState,
    NotWhole,
    Read,
    desired_component_name,
    higher_release,
    read_desired_state,
)
from shared_schema.json_value import JsonObject, JsonValue
from shared_schema.messages import Channel

CLASSIC = "aws_nucleus_classic"
RESET = f"/{KEY}"
_SUFFIX = desired_component_name("")


@dataclass(frozen=True, slots=True)
class AppliedState:
    """The desired state that a deployment's devices apply, and the channel that delivers it."""

    agent: str
    state: DesiredState
    channel: Channel


def choose_channel(runtimes: Iterable[str | None]) -> Channel:
    """Return the validated channel if all runtimes are known and classic; else, also without a device, the other."""
    known = list(runtimes)
    return Channel.VALIDATED if known and all(runtime == CLASSIC for runtime in known) else Channel.SUBSCRIBED


def carrier(agent: str, channel: Channel) -> str:
    """Return the name of the component whose configuration holds the desired state of a channel."""
    return agent if channel is Channel.VALIDATED else desired_component_name(agent)


def carriers(agent: str) -> set[str]:
    """Return the names of the components that may hold the desired state: the agent, and ``<agent>.desired``."""
    return {carrier(agent, channel) for channel in Channel}


def desired_documents(content: DeploymentContent, agent: str) -> dict[Channel, Read]:
    """Return what a deployment holds as the desired state of each channel."""
    return {channel: _document(content.components.get(carrier(agent, channel))) for channel in Channel}


def applied_state(content: DeploymentContent, agent: str | None = None) -> AppliedState | None:
    """Return the desired state that devices apply: the sealed one with the higher release. None where there is none.

    Without ``agent``, every agent of the deployment is looked at.
    """
    agents = [agent] if agent else find_agents(content)
    found: list[AppliedState] = []
    for name in agents:
        read = desired_documents(content, name)
        applied = higher_release(read[Channel.VALIDATED], read[Channel.SUBSCRIBED])
        if isinstance(applied, DesiredState):
            channel = Channel.VALIDATED if applied == read[Channel.VALIDATED] else Channel.SUBSCRIBED
            found.append(AppliedState(name, applied, channel))
    return max(found, key=lambda each: each.state.order, default=None)


def channel_of(content: DeploymentContent) -> Channel | None:
    """Return the channel that delivers a deployment's desired state; None where it has none."""
    found = applied_state(content)
    return found.channel if found else None


def find_agents(content: DeploymentContent) -> list[str]:
    """Return the names of a deployment's agents: the components that have a ``<name>.desired`` beside them."""
    return [
        name.removesuffix(_SUFFIX)
        for name in sorted(content.components)
        if name.endswith(_SUFFIX) and name.removesuffix(_SUFFIX) in content.components
    ]


def next_release(now: int, content: DeploymentContent | None) -> int:
    """Return a new release number: ``now`` (Unix time), or one more than the highest on either channel."""
    if content is None:
        return now
    orders = [
        document.order
        for agent in find_agents(content)
        for document in desired_documents(content, agent).values()
        if not isinstance(document, NotWhole)
    ]
    return max([now, *(order + 1 for order in orders)])


def carrier_with(component: DeployedComponent, state: DesiredState) -> DeployedComponent:
    """Return the carrier with the whole desired state in its update: reset, then merged, beside its other keys."""
    merge = {**component.merged, KEY: state.sealed()}
    resets = (*(pointer for pointer in component.reset if pointer != RESET), RESET)
    return replace(component, merge=json.dumps(merge, sort_keys=True), reset=resets)


def without_configuration(component: DeployedComponent) -> DeployedComponent:
    """Return the component without a configuration update: its configuration on the device stays as it is."""
    return replace(component, merge=None, reset=())


def comparable(merge: JsonObject, *, digests: bool = True) -> JsonObject:
    """Return a configuration in the form that is compared: its desired state without release and seal.

    Without ``digests`` each model is its component and version, which is all that is known before a build. A document
    that is not whole, or of another form, is compared as it stands.
    """
    state = read_desired_state(merge.get(KEY))
    if not isinstance(state, DesiredState):
        return dict(merge)
    models: dict[str, JsonValue] = {
        name: model.text if digests else f"{model.component}:{model.version}" for name, model in state.models.items()
    }
    return {**merge, KEY: {"form": state.form, "models": models, "settings": state.settings}}


def _document(component: DeployedComponent | None) -> Read:
    if component is None or component.merge is None:
        return NotWhole("the deployment holds no desired state here")
    try:
        return read_desired_state(component.merged.get(KEY))
    except ValueError as error:
        return NotWhole(f"the configuration cannot be read: {error}")
