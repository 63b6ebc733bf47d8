"""What `deploy` sends to a fleet, by which channel, and what it leaves as it is."""

import json
from collections.abc import Callable
from typing import Any

from .deploying import WAIT, desired

Run = Callable[..., Any]


def test_a_classic_fleet_confirms_by_the_validated_channel(
    run: Run, release: Any, published: Any, device: Any, deployed: Any
) -> None:
    published()
    device("one"), device("two")
    done = run(*WAIT, "--json")
    assert done.code == 0, done.err
    (delivered,) = done.json["deployments"]
    assert (delivered["action"], delivered["outcome"]) == ("created", "confirmed")
    assert [each["standing"] for each in delivered["devices"]] == ["confirmed", "confirmed"]
    whole = deployed()
    assert whole["tags"]["mlops:outcome"] == "confirmed"
    state = desired(whole, release.agent)
    assert state["models"]["digits"].split(":")[1] == "1.0.0"
    assert state["settings"] == {"health": {"interval": "10.0"}}
    assert "configurationUpdate" not in whole["components"][f"{release.agent}.desired"]
    # 60 s that the manifest gives to vetting, and 10.
    assert whole["deploymentPolicies"]["configurationValidationPolicy"] == {"timeoutInSeconds": 70}


def test_a_fleet_with_a_lite_device_takes_it_by_the_subscribed_channel(
    run: Run, release: Any, published: Any, device: Any, deployed: Any
) -> None:
    published()
    device("one", "classic"), device("two", "lite")
    assert run(*WAIT).code == 0
    whole = deployed()
    assert desired(whole, f"{release.agent}.desired")["models"]["digits"].split(":")[1] == "1.0.0"
    assert "configurationUpdate" not in whole["components"][release.agent]


def test_deploy_twice_changes_nothing_and_says_so(run: Run, published: Any, device: Any, revisions: Any) -> None:
    published()
    device()
    assert run(*WAIT).code == 0
    again = run(*WAIT)
    assert again.code == 0
    assert "nothing to do" in again.out
    assert len(revisions()) == 1


def test_the_same_in_another_order_and_with_other_white_space_is_nothing_to_do(
    run: Run, release: Any, published: Any, device: Any, greengrass: Any, target: str, revisions: Any
) -> None:
    published()
    device()
    assert run(*WAIT).code == 0
    made = greengrass.get_deployment(deploymentId=revisions()[0])
    components = made["components"]
    update = components[release.agent]["configurationUpdate"]
    update["merge"] = json.dumps(_turned_round(json.loads(update["merge"])), indent=3)
    policies = made["deploymentPolicies"]
    greengrass.create_deployment(targetArn=target, components=components, deploymentPolicies=policies)
    assert len(revisions()) == 2
    again = run(*WAIT, "--json")
    assert again.code == 0, again.err
    (delivered,) = again.json["deployments"]
    assert (delivered["action"], delivered["outcome"]) == ("unchanged", "confirmed")
    assert len(revisions()) == 2


def _turned_round(value: Any) -> Any:
    """Every object's keys in the opposite order."""
    return {key: _turned_round(value[key]) for key in reversed(value)} if isinstance(value, dict) else value


def test_what_is_not_ours_stays_on_the_target(
    run: Run, published: Any, device: Any, greengrass: Any, theirs: str, target: str, deployed: Any
) -> None:
    published()
    kept = {
        "componentVersion": "3.1.0",
        "configurationUpdate": {"merge": json.dumps({"level": 3}), "reset": ["/old"]},
        "runWith": {"posixUser": "them"},
    }
    greengrass.create_deployment(targetArn=target, components={theirs: kept})
    device()
    done = run(*WAIT)
    assert done.code == 0, done.err
    assert f"kept, though not in this release: {theirs}" in done.out
    found = deployed()["components"][theirs]
    assert found == kept | {"configurationUpdate": {"merge": {"level": 3}, "reset": ["/old"]}}


def test_a_new_model_has_a_higher_release_and_goes_out_alone(
    run: Run, release: Any, published: Any, device: Any, deployed: Any, revisions: Any
) -> None:
    published(model="1.0.0")
    device()
    assert run(*WAIT).code == 0
    first = desired(deployed(), release.agent)
    published(model="2.0.0")
    assert run(*WAIT).code == 0
    second = desired(deployed(), release.agent)
    assert int(second["release"]) > int(first["release"])
    assert second["models"]["digits"].split(":")[1] == "2.0.0"
    assert len(revisions()) == 2


def test_a_release_without_an_agent_needs_only_the_devices_deployments(
    run: Run, release: Any, published: Any, device: Any, deployed: Any
) -> None:
    published(with_agent=False)
    device()
    done = run(*WAIT, "--json")
    assert done.code == 0, done.err
    assert done.json["channel"] is None
    assert set(deployed()["components"]) == {release.application}


def test_the_templates_policies_and_rollout_are_used(
    run: Run, release: Any, published: Any, device: Any, deployed: Any, revisions: Any
) -> None:
    rollout = {"jobExecutionsRolloutConfig": {"maximumPerMinute": 500}}
    release.template(
        deploymentName="lines",
        iotJobConfiguration=rollout,
        deploymentPolicies={
            "failureHandlingPolicy": "DO_NOTHING",
            "configurationValidationPolicy": {"timeoutInSeconds": 300},
        },
        components={"aws.greengrass.Cli": {"componentVersion": "2.14.3"}},
        tags={"team": "vision"},
    )
    published()
    device()
    done = run(*WAIT)
    assert done.code == 0, done.err
    whole = deployed()
    assert whole["deploymentName"] == "lines"
    assert whole["iotJobConfiguration"] == rollout
    assert whole["deploymentPolicies"]["failureHandlingPolicy"] == "DO_NOTHING"
    assert whole["deploymentPolicies"]["configurationValidationPolicy"]["timeoutInSeconds"] == 300
    assert whole["components"]["aws.greengrass.Cli"]["componentVersion"] == "2.14.3"
    assert whole["tags"]["team"] == "vision"
    assert run(*WAIT).code == 0
    assert len(revisions()) == 1


def test_the_agents_own_configuration_is_refused_on_the_subscribed_channel(
    run: Run, release: Any, published: Any, device: Any, revisions: Any
) -> None:
    update = {"configurationUpdate": {"merge": {"application": "other"}}}
    release.template(components={release.agent: update})
    published()
    device("one", "lite")
    done = run(*WAIT)
    assert done.code == 2
    assert f"components.{release.agent}.configurationUpdate" in done.err
    assert "agent.settings" in done.err
    assert revisions() == []
    assert run(*WAIT, "--channel", "validated", "--timeout", "10").code == 0


def test_a_version_that_is_not_published_is_the_clouds_refusal(run: Run, release: Any, revisions: Any) -> None:
    release.write()
    done = run("deploy")
    assert done.code == 1
    assert "cannot create a deployment" in done.err
    assert revisions() == []
