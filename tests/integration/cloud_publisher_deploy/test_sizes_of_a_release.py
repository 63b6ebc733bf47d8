"""What is too large for a target's devices is refused before anything is deployed, with its figures and a remedy."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import digest_of

Run = Callable[..., Any]
EXAMPLE: dict[str, Any] = {
    "health": {"interval": 10},
    "sources": {"camera": {"type": "folder", "path": "images", "model": "model-0000"}},
    "sinks": {
        "file": {"type": "json-lines", "path": "predictions.jsonl"},
        "line": {"type": "local-topic", "topic": "factory/digits"},
    },
}
"""greengrass-config.yml's."""
LITE_MEMORY = "the deployment's document has {} bytes in lite's memory, and 5000 is the most"


@pytest.fixture
def publish(run: Run, release: Any) -> Callable[..., None]:
    """Publishes an agent and so many models, whose component names have so many characters."""

    def make(models: int, *, characters: int = 25, **more: Any) -> None:
        components = [
            release.component("agent", release.agent, "1.0.0", "agent", forms=["2"]),
            release.component("agent.desired", f"{release.agent}.desired", "1.0.0", "desired"),
            *(
                release.component(
                    f"model-{number:04}",
                    f"{release.agent}.{number:04}".ljust(characters, "x"),
                    "4.0.0",
                    "model",
                    model={"digest": digest_of(f"{number}"), "vetting-timeout": 60.0},
                )
                for number in range(models)
            ),
        ]
        assert all(len(each["name"]) <= characters for each in components[2:])
        release.write(components=components, **{"settings": EXAMPLE, **more})
        assert run("publish").code == 0

    return make


def test_20_models_fit_on_lite_and_31_do_not(
    run: Run, release: Any, publish: Any, device: Any, revisions: Any, deployed: Any
) -> None:
    lite = device("one", "lite")
    publish(31)
    for command in (("plan", "--built"), ("deploy",)):
        done = run(*command)
        assert done.code == 2
        assert "the deployment's document has " in done.err
        assert "and 5000 is the most" in done.err
        assert "the job would stay QUEUED for ever" in done.err
        assert "deploy fewer models" in done.err
    assert (revisions(), lite.got) == ([], [])
    publish(20)
    assert run("deploy").code == 0
    desired = deployed()["components"][f"{release.agent}.desired"]["configurationUpdate"]["merge"]["desired"]
    assert len(desired["models"]) == 20


def test_31_models_fit_on_classic_and_30_with_names_of_128_characters_do_not(
    run: Run, publish: Any, device: Any, revisions: Any
) -> None:
    device("one", "classic")
    publish(30, characters=128)
    for command in (("plan", "--built"), ("deploy",)):
        done = run(*command)
        assert done.code == 2
        assert "the desired state has 61" in done.err
        assert "and 6000 is the most" in done.err
    assert revisions() == []
    publish(31, characters=40)
    assert run("deploy").code == 0


def test_settings_of_3_kb_are_refused_for_lite_and_taken_by_classic(
    run: Run, publish: Any, device: Any, revisions: Any
) -> None:
    settings = {"sources": {f"camera-{number}": {"type": "folder", "path": "x" * 600} for number in range(5)}}
    publish(8, settings=settings)
    device("one", "classic")
    assert run("deploy").code == 0
    device("two", "lite")
    done = run("deploy", "--channel", "subscribed")
    assert done.code == 2
    assert "the deployment's document has " in done.err
    assert "shorten agent.settings" in done.err
    long = {"sources": {"camera": {"type": "folder", "path": "x" * 901}}}
    publish(8, settings=long)
    done = run("deploy", "--channel", "subscribed")
    assert done.code == 2
    assert "/settings/sources/camera/path of the desired state has 901 bytes, and 900 is the most" in done.err
    assert len(revisions()) == 1


def test_a_byte_too_many_for_the_one_lite_device_is_refused_and_one_fewer_taken(
    run: Run, publish: Any, device: Any, revisions: Any
) -> None:
    classic, lite = device("one", "classic"), device("two", "lite")

    def settings(path: int) -> dict[str, Any]:
        return {**EXAMPLE, "sources": {"camera": {"type": "folder", "path": "x" * path, "model": "model-0000"}}}

    publish(18, settings=settings(1))
    found = json.loads(run("plan", "--built", "--json").out)
    assert found["targets"][0]["deployments"]
    publish(18, settings=settings(800))
    refused = run("plan", "--built").err
    size = int(refused.split("the deployment's document has ")[1].split()[0])
    most = 800 - (size - 5_000)
    publish(18, settings=settings(most + 1))
    done = run("deploy")
    assert (done.code, revisions(), classic.got, lite.got) == (2, [], [], [])
    assert LITE_MEMORY.format(5001) in done.err
    publish(18, settings=settings(most))
    assert run("deploy").code == 0
    assert len(revisions()) == 1


def test_another_teams_components_count_too(
    run: Run, publish: Any, device: Any, greengrass: Any, theirs: str, target: str, revisions: Any
) -> None:
    kept = {
        "componentVersion": "3.1.0",
        "configurationUpdate": {"merge": json.dumps({f"k{number}": number for number in range(80)})},
    }
    greengrass.create_deployment(targetArn=target, components={theirs: kept})
    device("one", "lite")
    publish(16)
    done = run("deploy")
    assert (done.code, len(revisions())) == (2, 1)
    assert "the deployment's document has " in done.err
    assert "255 is the most" in done.err


def test_a_target_that_cannot_take_it_keeps_it_from_its_canary(
    run: Run, publish: Any, device: Any, cloud: Any, unique: str, revisions: Any
) -> None:
    canary = f"{unique}-canary"
    cloud.client("iot", account="preprod").create_thing_group(thingGroupName=canary)
    first = device("first", groups=(canary,))
    device("rest", "lite")
    publish(31)
    done = run("deploy", "--canary", canary)
    assert (done.code, revisions(), first.got) == (2, [], [])
    assert f"in thing group {unique}:" in done.err


def test_a_recipe_that_lite_does_not_read_is_refused(
    run: Run, release: Any, device: Any, revisions: Any, publish: Any
) -> None:
    device("one", "lite")
    app = release.component("app", release.application, "1.0.0", "application")
    recipe = json.loads(app["recipe"])
    recipe["Manifests"][0]["Lifecycle"]["run"] = "echo " + "x" * 8_300
    release.write(with_agent=False, components=[{**app, "recipe": json.dumps(recipe)}])
    assert run("publish").code == 0
    done = run("deploy")
    assert (done.code, revisions()) == (2, [])
    assert f"the recipe of {release.application} has " in done.err
    assert "8196 is the most" in done.err


def test_a_rollback_to_what_lite_cannot_take_is_refused(run: Run, publish: Any, device: Any, revisions: Any) -> None:
    device("one", "classic")
    publish(31)
    assert run("deploy").code == 0
    publish(8)
    assert run("deploy").code == 0
    device("two", "lite")
    done = run("rollback", "--to", revisions()[-1])
    assert (done.code, len(revisions())) == (2, 2)
    assert "5000 is the most" in done.err


def test_doctor_says_how_near_the_target_s_deployment_is(
    run: Run, release: Any, publish: Any, device: Any, target: str
) -> None:
    release.stages({"line": {"account": target.split(":")[4], "region": "eu-west-1", "target": target}})

    def sizes() -> dict[str, Any]:
        checks = json.loads(run("doctor", "--stage", "line", "--json").out)["checks"]
        (found,) = [each for each in checks if each["check"] == "sizes"]
        return dict(found)

    publish(20)
    assert sizes()["state"] == "not checked"
    device("one", "classic")
    assert run("deploy").code == 0
    assert "the devices' shadow" in sizes()["words"]
    device("two", "lite")
    near = sizes()
    assert near["state"] == "well"
    assert "of 5000 bytes in lite's memory)" in near["words"]
    publish(31)
    assert run("deploy").code == 2


def test_a_target_without_a_device_yet_counts_as_lite_unless_it_is_said(run: Run, publish: Any, revisions: Any) -> None:
    publish(31)
    done = run("deploy")
    assert (done.code, revisions()) == (2, [])
    assert run("deploy", "--channel", "validated").code == 0
