"""How `deploy --wait` ends: the devices' words, its exit codes, and what is done after a failure."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from .deploying import WAIT, desired

Run = Callable[..., Any]


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


def test_a_lite_device_that_fails_gives_no_cause_and_its_agent_says_what_is_wrong(
    run: Run, published: Any, device: Any
) -> None:
    published()
    lite = device("one", "lite")
    lite.part = "breaks"
    reported = {
        "schema": 1,
        "thing": lite.thing,
        "timestamp": "2026-11-30T12:00:00Z",
        "agentVersion": "0.9.0",
        "state": "DEGRADED",
        "reason": "install",
        "why": "version 1.0.0 cannot be installed: no space left",
        "models": {"digits": {"said": f"17:0.9.0:{'A' * 43}:REJECTED:golden:3 of 20 golden samples agree"}},
    }
    lite.writes(reported)
    done = run(*WAIT)
    assert done.code == 1
    assert "nucleus lite gives no cause; its agent 0.9.0 is DEGRADED (install: version 1.0.0 cannot be" in done.out
    assert "no space left; digits REJECTED: golden: 3 of 20" in done.out
    assert "journalctl -u ggl.core.ggdeploymentd.service" in done.out
    assert "/greengrass/v2/logs" not in done.out


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
    _, version, digest = state["models"]["digits"].split(":")
    late.says(state["release"], digest, version, "CONFIRMED")
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
