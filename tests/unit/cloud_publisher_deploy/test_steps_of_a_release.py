"""In which deployments a release goes to a target, given what the target has and what was confirmed."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cloud_publisher.deploying.channels import applied_state
from cloud_publisher.deploying.content.comparing import fingerprint
from cloud_publisher.deploying.deployment import DeployedComponent, Deployment, DeploymentContent
from cloud_publisher.deploying.rollout.given_plan import hold_to_plan
from cloud_publisher.deploying.rollout.steps import Order, deployments_needed, kept_of, removed_of, steps_of
from cloud_publisher.deploying.target_state import TargetState
from cloud_publisher.errors import WorkFailedError, WrongUseError
from cloud_publisher.fleet.devices import CoreDevice
from cloud_publisher.fleet.targets import parse_target
from shared_schema.deployment import DeploymentTemplate
from shared_schema.desired_state import seal_of
from shared_schema.documents import read_text_document
from shared_schema.messages import Channel
from shared_schema.plan import TargetPlan
from shared_schema.release import Release

AGENT, DIGITS, APP = "com.example.agent", "com.example.digits", "com.example.app"
NOW = 1_795_544_309
TARGET = parse_target("arn:aws:iot:eu-west-1:111111111111:thinggroup/lines")
DEVICE = CoreDevice("press-4", "HEALTHY", "aws_nucleus_classic", datetime(2026, 11, 24, tzinfo=UTC))
Make = Callable[..., Release]


@pytest.fixture
def order(make_release: Make) -> Callable[..., Order]:
    """A release of an agent, ``digits`` and an application that the template configures with a level."""

    def make(
        *, level: str = "info", agent: str = "1.0.0", model: str = "1.0.0", removals: frozenset[str] = frozenset()
    ) -> Order:
        fields = {"key": "app", "name": APP, "version": "1.0.0", "kind": "application", "recipe": "{}", "reused": False}
        release = make_release(
            agent=agent, models={"digits": model}, applications=[{**fields, "content-digest": "c" * 64}]
        )
        template = {"components": {APP: {"configurationUpdate": {"merge": {"level": level}}}}}
        return Order(
            release, read_text_document(json.dumps(template), DeploymentTemplate, file="deployment.json"), removals
        )

    return make


def deployed(content: DeploymentContent, name: str = "d-1", status: str = "ACTIVE") -> Deployment:
    return Deployment(name, "arn", status, datetime(2026, 11, 24, tzinfo=UTC), content)


def state_of(
    current: DeploymentContent | None,
    confirmed: DeploymentContent | None,
    *,
    name: str = "d-1",
    now: int = NOW,
    channel: Channel = Channel.VALIDATED,
    devices: tuple[CoreDevice, ...] = (DEVICE,),
) -> TargetState:
    return TargetState(TARGET, deployed(current, name) if current else None, devices, now, channel, confirmed)


def contents(order: Order, state: TargetState) -> list[DeploymentContent]:
    return [step.build(state.channel) for step in steps_of(order, state)]


def content_of(
    order: Order, current: DeploymentContent | None = None, channel: Channel = Channel.VALIDATED
) -> DeploymentContent:
    """What the whole release comes to on a target."""
    return contents(order, state_of(current, None, channel=channel))[-1]


def parts(order: Order, state: TargetState) -> list[str]:
    return [step.part for step in steps_of(order, state)]


def test_a_first_deployment_is_one(order: Any) -> None:
    assert parts(order(), state_of(None, None)) == ["release"]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"model": "2.0.0"}, ["release"]),
        ({"agent": "1.1.0"}, ["release"]),
        ({"agent": "1.1.0", "model": "2.0.0"}, ["agent", "release"]),
        ({"level": "debug"}, ["configuration"]),
        ({"level": "debug", "model": "2.0.0"}, ["configuration", "release"]),
        # A new version of the agent is never asked, so that the nucleus waits for nobody.
        ({"level": "debug", "agent": "1.1.0"}, ["release"]),
        ({"level": "debug", "agent": "1.1.0", "model": "2.0.0"}, ["agent", "release"]),
    ],
)
def test_what_changes_decides_in_how_many_steps(order: Any, change: dict[str, str], wanted: list[str]) -> None:
    before = content_of(order())
    assert parts(order(**change), state_of(before, before)) == wanted


def test_without_a_device_or_a_confirmed_deployment_it_is_one(order: Any) -> None:
    before = content_of(order())
    both = order(agent="1.1.0", model="2.0.0")
    assert parts(both, state_of(before, before, devices=())) == ["release"]
    assert parts(both, state_of(before, None)) == ["release"]
    assert parts(order(level="debug", model="2.0.0"), state_of(before, None)) == ["release"]


def test_on_the_subscribed_channel_configuration_needs_no_step_of_its_own(order: Any) -> None:
    before = content_of(order(), channel=Channel.SUBSCRIBED)
    assert parts(order(level="debug", model="2.0.0"), state_of(before, before, channel=Channel.SUBSCRIBED)) == [
        "release"
    ]


def test_configuration_goes_first_with_what_was_confirmed_when_the_current_deployment_was_refused(order: Any) -> None:
    confirmed = content_of(order())
    refused = content_of(order(model="2.0.0"), confirmed)
    first, last = contents(order(level="debug", model="3.0.0"), state_of(refused, confirmed))
    assert first.components[AGENT] == confirmed.components[AGENT]
    assert first.components[DIGITS].version == "1.0.0"
    assert first.components[APP].merged == {"level": "debug"}
    of_refused, of_last = applied_state(refused), applied_state(last)
    assert of_refused is not None
    assert of_last is not None
    assert of_last.state.order > of_refused.state.order


def test_a_removal_waits_for_the_last_step(order: Any) -> None:
    old = DeployedComponent("1.0.0")
    before = content_of(order())
    before = replace(before, components={**before.components, "com.example.old": old, "their.own": old})
    removing = order(agent="1.1.0", model="2.0.0", removals=frozenset({"com.example.old", "com.example.never"}))
    first, last = contents(removing, state_of(before, before))
    assert "com.example.old" in first.components
    assert "com.example.old" not in last.components
    assert last.components["their.own"] == old
    assert kept_of(removing, before) == ("their.own",)
    assert removed_of(removing, before) == ("com.example.old",)


@pytest.mark.parametrize("name", [DIGITS, AGENT, APP])
def test_what_the_release_brings_may_not_be_removed(order: Any, name: str) -> None:
    with pytest.raises(WrongUseError, match=name):
        steps_of(order(removals=frozenset({name})), state_of(None, None))


def test_a_fingerprint_leaves_out_release_seal_and_model_digests_and_nothing_else(order: Any) -> None:
    content = content_of(order())
    later = content_of(order(), replace(content, components=dict(content.components)))
    assert fingerprint(content) == fingerprint(later)
    component, version, digest = _models(content)["digits"].split(":")
    assert fingerprint(_with_model(content, f"{component}:{version}:{'8' * 43}")) == fingerprint(content)
    # Though the components are the same, what the agent is told of them is not.
    assert fingerprint(_with_model(content, f"{component}:5.0.0:{digest}")) != fingerprint(content)
    assert fingerprint(_with_model(content, f"com.example.other:{version}:{digest}")) != fingerprint(content)
    for other in (order(model="2.0.0"), order(level="debug"), order(agent="1.1.0")):
        assert fingerprint(content_of(other)) != fingerprint(content)
    assert fingerprint(replace(content, policies={"failureHandlingPolicy": "DO_NOTHING"})) != fingerprint(content)


def _models(content: DeploymentContent) -> dict[str, str]:
    models: dict[str, str] = json.loads(content.components[AGENT].merge or "")["desired"]["models"]
    return models


def _with_model(content: DeploymentContent, text: str) -> DeploymentContent:
    """The same components, with another text for the model in a desired state that is whole."""
    merged = json.loads(content.components[AGENT].merge or "")
    merged["desired"]["models"]["digits"] = text
    merged["desired"]["seal"] = seal_of(merged["desired"])
    agent = replace(content.components[AGENT], merge=json.dumps(merged))
    return replace(content, components={**content.components, AGENT: agent})


def test_a_plan_holds_after_each_of_its_own_deployments_and_after_no_other(order: Any) -> None:
    before = content_of(order())
    wanted = order(agent="1.1.0", model="2.0.0")
    start = state_of(before, before)
    planned = deployments_needed(steps_of(wanted, start), start)
    plan = TargetPlan(target_arn="arn", replaces="d-1", channel=Channel.VALIDATED, deployments=planned)
    hold_to_plan(plan, start, planned)

    def hold(current: DeploymentContent, confirmed: DeploymentContent, name: str) -> None:
        later = state_of(current, confirmed, name=name, now=NOW + 5)
        hold_to_plan(plan, later, deployments_needed(steps_of(wanted, later), later))

    first, last = contents(wanted, start)
    hold(first, before, "d-2")
    hold(first, first, "d-2")
    hold(last, last, "d-3")
    with pytest.raises(WorkFailedError, match="has moved since the plan"):
        hold(content_of(order(level="warn"), before), before, "d-2")
    with pytest.raises(WorkFailedError, match="has changed since the plan"):
        hold(before, replace(before, components={**before.components, AGENT: DeployedComponent("1.1.0")}), "d-1")
