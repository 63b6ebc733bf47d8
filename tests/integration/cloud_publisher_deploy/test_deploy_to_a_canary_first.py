"""`deploy --canary`: a group of its own confirms the release before the target gets anything."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
WAIT = ("--timeout", "60", "--interval", "0.3")


@pytest.fixture
def canary(cloud: Any, unique: str) -> str:
    """The name of a thing group beside the target's."""
    name = f"{unique}-canary"
    cloud.client("iot", account="preprod").create_thing_group(thingGroupName=name)
    return name


@pytest.fixture
def of_canary(greengrass: Any, target: str) -> Callable[[], list[str]]:
    """The canary's deployments."""

    def get() -> list[str]:
        found = greengrass.list_deployments(targetArn=f"{target}-canary", historyFilter="ALL")["deployments"]
        return [each["deploymentId"] for each in found]

    return get


@pytest.fixture
def published(run: Run, release: Any) -> Any:
    release.write()
    assert run("publish").code == 0
    return release


def test_the_target_follows_once_the_canary_has_confirmed(
    run: Run, published: Any, device: Any, canary: str, of_canary: Any, revisions: Any
) -> None:
    first, rest = device("first", groups=(canary,)), device("rest")
    done = run("deploy", "--canary", canary, "--wait", *WAIT, "--json")
    assert done.code == 0, done.err
    assert done.json["canary"]["outcome"] == "confirmed"
    assert done.json["outcome"] == "confirmed"
    assert [each["thing"] for each in done.json["canary"]["deployments"][0]["devices"]] == [first.thing]
    assert [each["thing"] for each in done.json["deployments"][0]["devices"]] == [rest.thing]
    again = run("deploy", "--canary", canary, "--wait", *WAIT)
    assert again.code == 0
    assert (len(of_canary()), len(revisions())) == (1, 1)


def test_a_canary_that_refuses_keeps_the_release_from_the_target(
    run: Run, published: Any, device: Any, canary: str, of_canary: Any, revisions: Any
) -> None:
    first, rest = device("first", groups=(canary,)), device("rest")
    first.part = "refuses"
    # Without --wait too: a canary is always waited for.
    done = run("deploy", "--canary", canary, *WAIT)
    assert done.code == 5
    assert "golden: 3 of 20 golden samples agree" in done.out
    assert f"rejected: {first.thing}" in done.err
    assert "left as it is, since the canary did not confirm" in done.out
    assert (len(of_canary()), revisions(), rest.got) == (1, [], [])


def test_a_canary_that_never_answers_is_a_time_out(
    run: Run, published: Any, device: Any, canary: str, revisions: Any
) -> None:
    device("first", groups=(canary,)).part = "says nothing"
    device("rest")
    assert run("deploy", "--canary", canary, "--timeout", "1.5", "--json").code == 6
    assert revisions() == []


def test_a_device_in_both_groups_is_refused(
    run: Run, published: Any, device: Any, canary: str, unique: str, of_canary: Any, revisions: Any
) -> None:
    both = device("both", groups=(canary, unique))
    done = run("deploy", "--canary", canary, *WAIT)
    assert done.code == 2
    assert f"{both.thing} would be in two targets" in done.err
    assert (of_canary(), revisions()) == ([], [])


def test_a_canary_without_devices_can_confirm_nothing(
    run: Run, published: Any, device: Any, canary: str, revisions: Any
) -> None:
    device("rest")
    done = run("deploy", "--canary", canary, *WAIT)
    assert done.code == 2
    assert "has no core device: it can confirm nothing" in done.err
    assert revisions() == []


def test_a_canary_of_another_account_is_refused(run: Run, published: Any, target: str) -> None:
    done = run("deploy", "--canary", target.replace("222222222222", "333333333333"))
    assert done.code == 2
    assert "is no thing group of account 222222222222" in done.err


def test_a_plan_shows_the_canary_first_and_deploy_holds_to_both(
    run: Run, published: Any, device: Any, canary: str, greengrass: Any, target: str, of_canary: Any
) -> None:
    device("first", groups=(canary,)), device("rest")
    planned = run("plan", "--built", "--canary", canary, "--out", "plan.json", "--json")
    assert planned.code == 3, planned.err
    assert [(each["canary"], each["target-arn"]) for each in planned.json["targets"]] == [
        (True, f"{target}-canary"),
        (False, target),
    ]
    refused = run("deploy", "--plan", "plan.json", "--canary", canary)
    assert refused.code == 2
    assert "are part of a plan" in refused.err
    greengrass.create_deployment(targetArn=target, components={published.model: {"componentVersion": "1.0.0"}})
    moved = run("deploy", "--plan", "plan.json", *WAIT)
    assert moved.code == 1
    assert "has moved since the plan" in moved.err
    assert of_canary() == []
    assert run("plan", "--built", "--canary", canary, "--out", "plan.json").code == 3
    done = run("deploy", "--plan", "plan.json", "--wait", *WAIT, "--json")
    assert done.code == 0, done.err
    assert (done.json["canary"]["outcome"], done.json["outcome"]) == ("confirmed", "confirmed")
