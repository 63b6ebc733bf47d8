"""A release with a new agent is two deployments: the agent's, then the model's."""

import json
from collections.abc import Callable
from typing import Any

from .deploying import WAIT

Run = Callable[..., Any]


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
    assert state["models"]["digits"].split(":")[1] == "1.0.0"
    assert run(*WAIT, "--json").json["deployments"][0]["action"] == "unchanged"


def test_an_agent_that_cannot_be_installed_confirms_nothing_though_the_earlier_one_serves_the_release(
    run: Run, release: Any, published: Any, device: Any, deployed: Any
) -> None:
    published(model="1.0.0", agent="1.0.0")
    one = device(runtime="lite")
    assert run(*WAIT).code == 0
    one.part = "cannot install"
    published(model="1.0.0", agent="1.1.0")
    done = run(*WAIT)
    assert done.code == 1
    assert "its agent 1.0.0 serves on: agent 1.1.0 could not be brought up: No matching distribution found" in done.out
    assert deployed()["components"][release.agent]["componentVersion"] == "1.1.0"


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
