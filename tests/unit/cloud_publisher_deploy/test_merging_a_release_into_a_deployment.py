"""What a deployment holds: the release, merged into what the target has already."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cloud_publisher.deploying.channels import applied_state, choose_channel, next_release
from cloud_publisher.deploying.content.comparing import client_token, same
from cloud_publisher.deploying.content.merging import merge_release, models_of_deployment
from cloud_publisher.deploying.content.restoring import RESTORES_TAG, restored
from cloud_publisher.deploying.content.template_checks import UnfitTemplateError
from cloud_publisher.deploying.deployment import DeployedComponent, Deployment, DeploymentContent
from shared_schema.deployment import DeploymentTemplate
from shared_schema.desired_state import DesiredState, read_desired_state
from shared_schema.messages import Channel
from shared_schema.release import Release, ReleaseArtifact

AGENT, DESIRED, DIGITS = "com.example.agent", "com.example.agent.desired", "com.example.digits"
NOW = 1_795_544_309
Make = Callable[..., Release]


def template(**document: Any) -> DeploymentTemplate:
    return DeploymentTemplate.model_validate(document)


def merged(release: Release, current: DeploymentContent | None = None, **more: Any) -> DeploymentContent:
    given = {"channel": Channel.VALIDATED, "number": NOW} | more
    return merge_release(release, given.pop("template", template()), current, **given)


def document_at(content: DeploymentContent, name: str) -> DesiredState:
    found = read_desired_state(content.components[name].merged["desired"])
    assert isinstance(found, DesiredState)
    return found


def test_the_validated_channel_is_the_agents_own_configuration(make_release: Make) -> None:
    content = merged(make_release())
    state = document_at(content, AGENT)
    assert state.release == str(NOW)
    assert state.models["digits"].component == DIGITS
    assert state.settings == {"health": {"interval": "30.0"}}
    assert content.components[AGENT].reset == ("/desired",)
    assert not content.components[DESIRED].configures


def test_the_subscribed_channel_leaves_the_agent_alone(make_release: Make) -> None:
    content = merged(make_release(), channel=Channel.SUBSCRIBED)
    assert document_at(content, DESIRED).release == str(NOW)
    assert not content.components[AGENT].configures


def test_the_validated_channel_carries_over_what_stands_at_the_subscribed_one(make_release: Make) -> None:
    before = merged(make_release(), channel=Channel.SUBSCRIBED, number=NOW)
    after = merged(make_release(models={"digits": "2.0.0"}), before, number=NOW + 5)
    assert after.components[DESIRED] == before.components[DESIRED]
    found = applied_state(after)
    assert found is not None
    assert (found.channel, found.state.release) == (Channel.VALIDATED, str(NOW + 5))


def test_the_subscribed_channel_takes_a_former_configuration_of_the_agent_out(make_release: Make) -> None:
    before = merged(make_release(), channel=Channel.VALIDATED)
    after = merged(make_release(), before, channel=Channel.SUBSCRIBED, number=NOW + 5)
    assert not after.components[AGENT].configures


def test_what_is_not_ours_stays_as_it_is(make_release: Make) -> None:
    theirs = DeployedComponent("3.1.0", merge='{"b": 1,  "a": 2}', reset=("/x",), run_with={"posixUser": "them"})
    current = DeploymentContent({"their.component": theirs})
    assert merged(make_release(), current).components["their.component"] == theirs


def test_a_model_that_the_release_has_no_more_leaves_the_desired_state_and_stays_installed(make_release: Make) -> None:
    before = merged(make_release(models={"digits": "1.0.0", "letters": "1.0.0"}))
    after = merged(make_release(), before)
    assert set(document_at(after, AGENT).models) == {"digits"}
    assert "com.example.letters" in after.components


def test_a_release_without_an_agent_writes_no_desired_state(make_release: Make) -> None:
    content = merged(make_release(agent=None))
    assert applied_state(content) is None
    assert not content.components[DIGITS].configures


@pytest.mark.parametrize(
    ("asked", "wanted"), [(None, 50), (30, 50), (600, 600)], ids=["none", "less than vetting needs", "more"]
)
def test_the_validation_timeout_is_the_sum_of_the_vetting_timeouts_and_10_at_least(
    make_release: Make, asked: int | None, wanted: int
) -> None:
    policies = {"configurationValidationPolicy": {"timeoutInSeconds": asked}} if asked else {}
    release = make_release(models={"digits": "1.0.0", "letters": "1.0.0"})
    content = merged(release, template=template(deploymentPolicies=policies))
    assert content.policies["configurationValidationPolicy"] == {"timeoutInSeconds": wanted}


def test_the_agent_goes_first_with_the_models_of_a_confirmed_deployment(make_release: Make) -> None:
    before = merged(make_release(agent="1.0.0", models={"digits": "1.0.0"}))
    found = applied_state(before)
    assert found is not None
    release = make_release(agent="1.1.0", models={"digits": "2.0.0"})
    first = merged(release, before, number=NOW + 1, models=models_of_deployment(before, found))
    assert first.components[AGENT].version == "1.1.0"
    assert first.components[DIGITS].version == "1.0.0"
    assert document_at(first, AGENT).models["digits"].version == "1.0.0"


def test_an_agents_own_configuration_from_the_template_stands_beside_the_desired_state(make_release: Make) -> None:
    asked = {"componentVersion": "x.x.x", "configurationUpdate": {"merge": {"level": "debug"}, "reset": ["/old"]}}
    content = merged(make_release(), template=template(components={AGENT: asked}))
    agent = content.components[AGENT]
    assert (agent.version, agent.merged["level"], agent.reset) == ("1.0.0", "debug", ("/old", "/desired"))


@pytest.mark.parametrize(
    ("components", "channel", "words"),
    [
        ({AGENT: {"configurationUpdate": {"merge": {"level": "debug"}}}}, Channel.SUBSCRIBED, "agent.settings"),
        ({AGENT: {"configurationUpdate": {"merge": {"desired": {}}}}}, Channel.VALIDATED, "deploy writes"),
        ({AGENT: {"configurationUpdate": {"reset": [""]}}}, Channel.VALIDATED, "deploy writes"),
        ({AGENT: {"configurationUpdate": {"reset": ["/desired/models"]}}}, Channel.VALIDATED, "deploy writes"),
        ({DESIRED: {"configurationUpdate": {"merge": {}}}}, Channel.SUBSCRIBED, "deploy writes"),
        (
            {DIGITS: {"configurationUpdate": {"merge": {"a": {"b": ["x" * 200] * 6}}}}},
            Channel.SUBSCRIBED,
            "/a/b has 1219 bytes",
        ),
        (
            {"their.app": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": {"a": "ä" * 512}}}},
            Channel.SUBSCRIBED,
            "/a has 1026 bytes",
        ),
        ({DIGITS: {"componentVersion": "9.0.0"}}, Channel.VALIDATED, "take componentVersion out"),
        ({"aws.greengrass.Cli": {}}, Channel.VALIDATED, "give its componentVersion"),
        ({"aws.greengrass.Cli": {"componentVersion": "x.x.x"}}, Channel.VALIDATED, "give its componentVersion"),
    ],
)
def test_a_template_that_does_not_fit_is_refused(
    make_release: Make, components: dict[str, Any], channel: Channel, words: str
) -> None:
    with pytest.raises(UnfitTemplateError, match=words) as refused:
        merged(make_release(), template=template(components=components), channel=channel)
    assert refused.value.path[:2] == ("components", next(iter(components)))


@pytest.mark.parametrize(("text", "channel"), [("x" * 1_022, Channel.SUBSCRIBED), ("x" * 5_000, Channel.VALIDATED)])
def test_a_leaf_that_the_targets_nuclei_take_is_not_refused(make_release: Make, text: str, channel: Channel) -> None:
    asked = template(components={DIGITS: {"configurationUpdate": {"merge": {"a": text}}}})
    assert merged(make_release(), template=asked, channel=channel).components[DIGITS].merged == {"a": text}


def test_two_deployments_that_differ_in_release_only_are_the_same(make_release: Make) -> None:
    one, other = merged(make_release(), number=NOW), merged(make_release(), number=NOW + 99)
    assert same(one, other)
    assert client_token("arn", one, None) == client_token("arn", other, None)
    assert client_token("arn", one, "d-1") != client_token("arn", one, "d-2")


@pytest.mark.parametrize(
    "other",
    [
        {"models": {"digits": "2.0.0"}},
        {"agent": "1.0.1"},
        {"settings": {"health": {"interval": 31}}},
    ],
)
def test_two_deployments_that_differ_in_anything_else_are_not(make_release: Make, other: dict[str, Any]) -> None:
    assert not same(merged(make_release()), merged(make_release(**other)))


def test_what_the_api_fills_in_by_itself_makes_no_difference(make_release: Make) -> None:
    release = make_release(agent=None, models={}, applications=[application()])
    asked = merged(release, template=template(deploymentPolicies={}))
    answered = DeploymentContent(
        asked.components,
        policies={
            "failureHandlingPolicy": "ROLLBACK",
            "componentUpdatePolicy": {"timeoutInSeconds": 60, "action": "NOTIFY_COMPONENTS"},
            "configurationValidationPolicy": {"timeoutInSeconds": 30},
        },
        job={"jobExecutionsRolloutConfig": {}},
    )
    assert same(asked, answered)


def application() -> dict[str, Any]:
    fields = {"key": "app", "name": "com.example.app", "version": "1.0.0", "kind": "application"}
    return fields | {"content-digest": "c" * 64, "reused": False, "recipe": "{}"}


@pytest.mark.parametrize(
    ("runtimes", "channel"),
    [
        ([], Channel.SUBSCRIBED),
        (["aws_nucleus_classic"], Channel.VALIDATED),
        (["aws_nucleus_classic", "aws_nucleus_lite"], Channel.SUBSCRIBED),
        (["aws_nucleus_classic", None], Channel.SUBSCRIBED),
    ],
)
def test_the_channel_follows_from_the_runtimes(runtimes: list[str | None], channel: Channel) -> None:
    assert choose_channel(runtimes) is channel


def test_a_release_number_is_above_every_one_on_either_channel(make_release: Make) -> None:
    assert next_release(NOW, None) == NOW
    followed = merged(make_release(), channel=Channel.SUBSCRIBED, number=NOW + 50)
    both = merged(make_release(), followed, number=NOW + 10)
    assert next_release(NOW, both) == NOW + 51
    assert next_release(NOW + 80, both) == NOW + 80


def test_a_half_written_document_counts_as_none(make_release: Make) -> None:
    content = merged(make_release())
    torn = content.components[AGENT].merged
    torn = {"desired": {**torn["desired"], "release": "1"}}
    broken = DeploymentContent({**content.components, AGENT: DeployedComponent("1.0.0", merge=json.dumps(torn))})
    assert applied_state(broken) is None
    assert next_release(NOW, broken) == NOW


def test_a_rollback_restores_what_was_and_leaves_what_came(make_release: Make, deployment: Any) -> None:
    goal = deployment(merged(make_release(models={"digits": "1.0.0"}), number=NOW))
    later = merged(make_release(models={"digits": "2.0.0"}), goal.content, number=NOW + 5)
    current = DeploymentContent({**later.components, "their.new": DeployedComponent("1.0.0")})
    content = restored(goal, current, channel=Channel.SUBSCRIBED, number=NOW + 9)
    state = document_at(content, DESIRED)
    assert (state.release, state.models["digits"].version) == (str(NOW + 9), "1.0.0")
    assert not content.components[AGENT].configures
    assert content.components[DIGITS].version == "1.0.0"
    assert content.components["their.new"].version == "1.0.0"
    assert content.tags == {RESTORES_TAG: goal.id, "team": "vision"}


@pytest.fixture
def deployment() -> Callable[[DeploymentContent], Deployment]:
    from dataclasses import replace
    from datetime import UTC, datetime

    def make(content: DeploymentContent) -> Deployment:
        tagged = replace(content, tags={"mlops:outcome": "confirmed", "team": "vision", "aws:x": "y"})
        return Deployment("d-1", "arn", "INACTIVE", datetime(2026, 11, 24, tzinfo=UTC), tagged)

    return make


def test_the_validation_timeout_has_the_time_that_a_device_takes_to_copy_large_models(make_release: Make) -> None:
    """The agent copies a model before it vets it: at 10 MB a second, at least."""
    release = make_release(models={"digits": "1.0.0"})
    large = ReleaseArtifact(uri="s3://artifacts/digits.zip", sha256="a" * 64, size=3_000_000_000)
    components = [
        each.model_copy(update={"artifacts": [large]}) if each.kind == "model" else each for each in release.components
    ]
    content = merged(release.model_copy(update={"components": components}))
    assert content.policies["configurationValidationPolicy"] == {"timeoutInSeconds": 330}
