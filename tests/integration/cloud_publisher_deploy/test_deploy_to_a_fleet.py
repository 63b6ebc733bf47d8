"""`deploy` through the command line, with devices that play their part over MQTT."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
WAIT = ("deploy", "--wait", "--timeout", "20", "--interval", "0.3")


@pytest.fixture
def published(run: Run, release: Any) -> Callable[..., None]:
    """Writes a release and publishes it."""

    def write(**what: Any) -> None:
        release.write(**what)
        assert run("publish").code == 0

    return write


def desired(deployed: dict[str, Any], component: str) -> dict[str, Any]:
    update = deployed["components"][component]["configurationUpdate"]
    assert update["reset"] == ["/desired"]
    document: dict[str, Any] = update["merge"]["desired"]
    return document


def test_a_classic_fleet_confirms_by_the_validated_door(
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
    assert state["models"]["digits"]["version"] == "1.0.0"
    assert state["settings"] == {"health": {"interval": "10.0"}}
    assert "configurationUpdate" not in whole["components"][f"{release.agent}.desired"]
    # 60 s that the manifest gives to vetting, and 10.
    assert whole["deploymentPolicies"]["configurationValidationPolicy"] == {"timeoutInSeconds": 70}


def test_a_fleet_with_a_lite_device_takes_it_by_the_followed_door(
    run: Run, release: Any, published: Any, device: Any, deployed: Any
) -> None:
    published()
    device("one", "classic"), device("two", "lite")
    assert run(*WAIT).code == 0
    whole = deployed()
    assert desired(whole, f"{release.agent}.desired")["models"]["digits"]["version"] == "1.0.0"
    assert "configurationUpdate" not in whole["components"][release.agent]


def test_deploy_twice_changes_nothing_and_says_so(run: Run, published: Any, device: Any, revisions: Any) -> None:
    published()
    device()
    assert run(*WAIT).code == 0
    again = run(*WAIT)
    assert again.code == 0
    assert "nothing to do" in again.out
    assert len(revisions()) == 1


def test_a_deployment_nobody_waited_for_is_waited_for_by_the_next(
    run: Run, published: Any, device: Any, deployed: Any, revisions: Any
) -> None:
    published()
    device()
    first = run("deploy", "--json")
    assert first.code == 0
    assert first.json["outcome"] is None
    assert run(*WAIT).code == 0
    assert len(revisions()) == 1
    assert deployed()["tags"]["mlops:outcome"] == "confirmed"


def test_what_is_not_ours_stays_on_the_target(
    run: Run, release: Any, published: Any, device: Any, greengrass: Any, target: str, deployed: Any
) -> None:
    theirs = release.component("x", f"{release.agent}-theirs", "3.1.0", "application")
    greengrass.create_component_version(inlineRecipe=theirs["recipe"].encode())
    published()
    kept = {
        "componentVersion": "3.1.0",
        "configurationUpdate": {"merge": json.dumps({"level": 3}), "reset": ["/old"]},
        "runWith": {"posixUser": "them"},
    }
    greengrass.create_deployment(targetArn=target, components={theirs["name"]: kept})
    device()
    done = run(*WAIT)
    assert done.code == 0, done.err
    assert f"kept, though not in this release: {theirs['name']}" in done.out
    found = deployed()["components"][theirs["name"]]
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
    assert second["models"]["digits"]["version"] == "2.0.0"
    assert len(revisions()) == 2


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_a_model_that_a_device_refuses_ends_with_5_and_its_reason(
    run: Run, published: Any, device: Any, deployed: Any, revisions: Any, runtime: str
) -> None:
    published()
    good, bad = device("one", runtime), device("two", runtime)
    bad.part = "refuses"
    done = run(*WAIT)
    assert done.code == 5
    assert "golden: 3 of 20 golden samples agree" in done.out
    assert f"rejected: {bad.thing}" in done.err
    assert deployed()["tags"]["mlops:outcome"] == "rejected"

    again = run(*WAIT, "--json")
    assert again.code == 5
    said = {each["thing"]: (each["standing"], each["words"]) for each in again.json["deployments"][0]["devices"]}
    assert said[good.thing][0] == "confirmed"
    assert said[bad.thing][0] == "rejected"
    assert "golden samples" in said[bad.thing][1]
    assert len(revisions()) == 1

    bad.part = "confirms"
    assert run(*WAIT, "--retry").code == 0
    assert len(revisions()) == 2


def test_a_deployment_that_fails_ends_with_1_and_the_devices_words(
    run: Run, published: Any, device: Any, deployed: Any
) -> None:
    published()
    device().part = "breaks"
    done = run(*WAIT)
    assert done.code == 1
    assert "com.example.broken is BROKEN" in done.out
    assert deployed()["tags"]["mlops:outcome"] == "failed"


def test_a_device_that_never_answers_is_a_time_out_and_the_next_run_computes_it_anew(
    run: Run, published: Any, device: Any, deployed: Any, revisions: Any, release: Any
) -> None:
    published()
    late = device()
    late.part = "says nothing"
    done = run("deploy", "--wait", "--timeout", "1.5", "--interval", "0.3")
    assert done.code == 6
    assert late.thing in done.err
    assert deployed()["tags"]["mlops:outcome"] == "timed-out"

    state = desired(deployed(), release.agent)
    model = state["models"]["digits"]
    late.says(state["release"], model["digest"], model["version"], "CONFIRMED")
    again = run("deploy", "--json")
    assert again.code == 0, again.err
    assert again.json["outcome"] == "confirmed"
    assert deployed()["tags"]["mlops:outcome"] == "confirmed"
    assert len(revisions()) == 1


def test_a_held_model_is_pending_by_an_operator(run: Run, published: Any, device: Any) -> None:
    published()
    device().part = "holds"
    done = run("deploy", "--wait", "--timeout", "1.5", "--json")
    assert done.code == 6
    (seen,) = done.json["deployments"][0]["devices"]
    assert (seen["standing"], "operator" in seen["words"]) == ("held", True)


def test_a_quorum_confirms_while_one_device_is_away(run: Run, published: Any, device: Any) -> None:
    published()
    device("one"), device("two")
    device("three").part = "never takes it"
    done = run(*WAIT, "--quorum", "60", "--json")
    assert done.code == 0
    standings = [each["standing"] for each in done.json["deployments"][0]["devices"]]
    assert sorted(standings) == ["confirmed", "confirmed", "queued"]


def test_a_group_without_core_devices_is_not_waited_for(run: Run, published: Any, deployed: Any, device: Any) -> None:
    published()
    done = run(*WAIT)
    assert done.code == 0
    assert "no core device yet" in done.out
    assert "mlops:outcome" not in deployed().get("tags", {})
    # A classic device that comes later takes it as it went out; the next run waits for it, and sends nothing anew.
    device()
    again = run(*WAIT, "--json")
    assert again.code == 0, again.err
    assert [(each["action"], each["outcome"]) for each in again.json["deployments"]] == [("unchanged", "confirmed")]


def test_a_new_agent_and_a_new_model_go_out_one_after_the_other(
    run: Run, release: Any, published: Any, device: Any, greengrass: Any, revisions: Any
) -> None:
    published(model="1.0.0", agent="1.0.0")
    device()
    assert run(*WAIT).code == 0
    published(model="2.0.0", agent="1.1.0")
    done = run(*WAIT, "--json")
    assert done.code == 0, done.err
    assert [(each["part"], each["outcome"]) for each in done.json["deployments"]] == [
        ("agent", "confirmed"),
        ("release", "confirmed"),
    ]
    _, first, _ = reversed(revisions())
    between = greengrass.get_deployment(deploymentId=first)["components"]
    assert between[release.agent]["componentVersion"] == "1.1.0"
    assert between[release.model]["componentVersion"] == "1.0.0"
    state = json.loads(between[release.agent]["configurationUpdate"]["merge"])["desired"]
    assert state["models"]["digits"]["version"] == "1.0.0"
    assert run(*WAIT, "--json").json["deployments"][0]["action"] == "unchanged"


def test_a_new_agent_that_fails_keeps_the_new_model_from_the_devices(
    run: Run, release: Any, published: Any, device: Any, deployed: Any, revisions: Any
) -> None:
    published(model="1.0.0", agent="1.0.0")
    one = device()
    assert run(*WAIT).code == 0
    one.part = "breaks"
    published(model="2.0.0", agent="1.1.0")
    assert run(*WAIT).code == 1
    assert deployed()["components"][release.model]["componentVersion"] == "1.0.0"
    assert run(*WAIT).code == 1
    assert len(revisions()) == 2
    one.part = "confirms"
    assert run(*WAIT, "--retry").code == 0
    assert deployed()["components"][release.model]["componentVersion"] == "2.0.0"


def test_on_failure_the_last_confirmed_deployment_is_put_back(
    run: Run, release: Any, published: Any, device: Any, deployed: Any
) -> None:
    published(model="1.0.0")
    one = device()
    assert run(*WAIT).code == 0
    before = desired(deployed(), release.agent)
    published(model="2.0.0")
    one.refuses = "2.0.0"
    done = run(*WAIT, "--on-failure", "rollback", "--json")
    assert done.code == 5
    assert done.json["rolled-back"]["outcome"] == "confirmed"
    back = desired(deployed(), release.agent)
    assert back["models"] == before["models"]
    assert int(back["release"]) > int(before["release"]) + 1
    assert done.json["rolled-back"]["deployment"] == deployed()["deploymentId"]


def test_on_failure_with_nothing_to_go_back_to_says_so(run: Run, published: Any, device: Any, revisions: Any) -> None:
    published()
    device().part = "refuses"
    done = run(*WAIT, "--on-failure", "rollback")
    assert done.code == 5
    assert "not rolled back: no earlier deployment" in done.out
    assert len(revisions()) == 1


def test_a_cancelled_deployment_is_made_again(
    run: Run, published: Any, device: Any, greengrass: Any, revisions: Any
) -> None:
    published()
    assert run("deploy").code == 0
    greengrass.cancel_deployment(deploymentId=revisions()[0])
    device()
    assert run(*WAIT).code == 0
    assert len(revisions()) == 2


def test_a_single_thing_is_a_target_too(run: Run, published: Any, device: Any, cloud: Any, target: str) -> None:
    published()
    alone = device("alone", groups=())
    thing = target.replace(":thinggroup/", ":thing/") + "-alone"
    done = run("deploy", "--target-arn", thing, "--json")
    assert done.code == 0, done.err
    assert done.json["door"] == "validated"
    assert run("deploy", "--target-arn", thing, "--wait", "--timeout", "1").code == 6
    assert run("status", "--target-arn", thing).code == 4
    assert alone.thing in run("status", "--target-arn", thing).err


def test_a_release_without_an_agent_needs_only_the_devices_deployments(
    run: Run, release: Any, published: Any, device: Any, deployed: Any
) -> None:
    published(with_agent=False)
    device()
    done = run(*WAIT, "--json")
    assert done.code == 0, done.err
    assert done.json["door"] is None
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


def test_the_agents_own_configuration_is_refused_at_the_followed_door(
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
    assert run(*WAIT, "--door", "validated", "--timeout", "10").code == 0


def test_a_device_with_two_targets_of_ours_is_refused(
    run: Run, release: Any, published: Any, device: Any, cloud: Any, unique: str, greengrass: Any, revisions: Any
) -> None:
    published()
    iot = cloud.client("iot", account="preprod")
    other = iot.create_thing_group(thingGroupName=f"{unique}-other")["thingGroupArn"]
    both = device("both", groups=(unique, f"{unique}-other"))
    greengrass.create_deployment(targetArn=other, components={release.model: {"componentVersion": "1.0.0"}})
    done = run(*WAIT)
    assert done.code == 2
    assert f"{both.thing} gets {release.model} from {other}" in done.err
    assert revisions() == []


def test_an_unknown_target_is_wrong_use(run: Run, published: Any, target: str) -> None:
    published()
    done = run("deploy", "--target-arn", f"{target}-not")
    assert done.code == 2
    assert "there is no thing group" in done.err


def test_a_target_of_another_account_is_wrong_use(run: Run, published: Any, target: str) -> None:
    published()
    done = run("deploy", "--target-arn", target.replace("222222222222", "333333333333"))
    assert done.code == 2
    assert target in done.err


@pytest.mark.parametrize("arn", ["lines", "arn:aws:s3:::bucket", "arn:aws:iot:eu-west-1:1:thinggroup/x"])
def test_a_target_that_is_none_is_wrong_use(run: Run, release: Any, arn: str) -> None:
    release.write()
    done = run("deploy", "--target-arn", arn)
    assert done.code == 2
    assert "is no target" in done.err


def test_a_version_that_is_not_published_is_the_clouds_refusal(run: Run, release: Any, revisions: Any) -> None:
    release.write()
    done = run("deploy")
    assert done.code == 1
    assert "cannot create a deployment" in done.err
    assert revisions() == []


def test_a_deployment_by_somebody_else_ends_the_waiting(
    run: Run, release: Any, published: Any, device: Any, greengrass: Any, target: str
) -> None:
    published()
    one = device()
    one.part = "never takes it"

    # Another hand deploys as soon as the device has heard of ours.
    def meddle() -> None:
        while not one.got:
            time.sleep(0.02)
        greengrass.create_deployment(targetArn=target, components={release.model: {"componentVersion": "1.0.0"}})

    other = threading.Thread(target=meddle)
    other.start()
    done = run(*WAIT)
    other.join()
    assert done.code == 1
    assert "has taken its place" in done.err
