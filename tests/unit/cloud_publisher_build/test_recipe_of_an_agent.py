"""The agent's recipe: least rights, one lifecycle a runtime, and no word of any model."""

import json
from pathlib import Path
from typing import Any

import pytest
from greengrass_emulator.nucleus.recipes.platform import Platform as NucleusPlatform
from greengrass_emulator.nucleus.recipes.reading import read_recipe
from greengrass_emulator.nucleus.runtimes import RUNTIMES

from cloud_publisher.linting.lint import lint
from cloud_publisher.linting.settings import Runtime
from cloud_publisher.recipes.component_recipe import recipe_of, recipe_sources
from shared_schema.config import Config

ECHO = {(operation, "com.example.agent/echo") for operation in ("SubscribeToTopic", "PublishToTopic")}
"""How an agent that is told something locally hears whether it still hears."""


def _recipe(agent: dict[str, Any] | None = None, **component: Any) -> dict[str, Any]:
    config = Config.model_validate(
        {
            "application": "lines",
            "custom-components": {
                "agent": {
                    "component-name": "com.example.agent",
                    "root": ".",
                    "build": {"build_system": "python", "packages": ["edge_agent"], "wheels": False},
                    "agent": agent or {},
                }
                | component
            },
        }
    )
    source, _ = recipe_sources(config, frozenset())
    document: dict[str, Any] = json.loads(recipe_of(source, "1.2.3", bucket="bucket", versions={}).text())
    return document


def _rights(recipe: dict[str, Any]) -> set[tuple[str, str]]:
    control = recipe["ComponentConfiguration"]["DefaultConfiguration"]["accessControl"]
    return {
        (operation.removeprefix("aws.greengrass#"), resource)
        for policies in control.values()
        for policy in policies.values()
        for operation in policy["operations"]
        for resource in policy["resources"]
    }


def test_its_rights_are_its_own_topics_and_nothing_else() -> None:
    out, into = "PublishToIoTCore", "SubscribeToIoTCore"
    assert _rights(_recipe()) == {
        (out, "dt/lines/+/health"),
        (out, "dt/lines/+/confirmation"),
        (out, "dt/lines/+/prediction/+"),
        (out, "cmd/lines/+/report/reply"),
        (out, "cmd/lines/+/rollback/reply"),
        (out, "cmd/lines/+/release-hold/reply"),
        (out, "$aws/things/+/shadow/name/mlops/update"),
        (into, "cmd/lines/+/report"),
        (into, "cmd/lines/+/rollback"),
        (into, "cmd/lines/+/release-hold"),
        (out, "cmd/lines/+/echo"),
        (into, "cmd/lines/+/echo"),
        ("PublishToTopic", "mlops/predictions"),
    }


def test_a_right_that_came_later_stands_in_an_entry_of_its_own() -> None:
    # Classic keeps an older default's list when an agent is upgraded, and takes new keys over.
    control = _recipe()["ComponentConfiguration"]["DefaultConfiguration"]["accessControl"]
    entries = control["aws.greengrass.ipc.mqttproxy"]
    with_echo = [name for name, entry in entries.items() if "cmd/lines/+/echo" in entry["resources"]]
    assert [entries[name]["resources"] for name in with_echo] == [["cmd/lines/+/echo"]]


def test_local_topics_are_those_of_its_sinks() -> None:
    topics = {"sinks": {"a": {"type": "local-topic", "topic": "x/a"}, "b": {"type": "local-topic", "topic": "x/b"}}}
    rights = _rights(_recipe({"settings": topics}))
    assert {resource for operation, resource in rights if operation == "PublishToTopic"} == {"x/a", "x/b"}
    files = {"sinks": {"a": {"type": "json-lines"}}}
    assert not any(operation == "PublishToTopic" for operation, _ in _rights(_recipe({"settings": files})))


def test_a_source_that_is_asked_may_hear_its_topic_and_answer_on_its_reply_topic() -> None:
    sources = {"line": {"type": "topic", "topic": "line/asks"}, "camera": {"path": "images"}}
    rights = _rights(_recipe({"settings": {"sources": sources, "sinks": {"file": {"type": "json-lines"}}}}))
    local = {(operation, resource) for operation, resource in rights if operation.endswith("ToTopic")}
    assert local == {("SubscribeToTopic", "line/asks"), ("PublishToTopic", "line/asks/reply")} | ECHO


def test_an_agent_that_is_told_when_the_line_is_busy_may_hear_that_topic_and_no_other() -> None:
    settings = {"busy": {"topic": "line/busy"}, "sinks": {"file": {"type": "json-lines"}}}
    rights = _rights(_recipe({"settings": settings}))
    assert {each for each in rights if each[0].endswith("ToTopic")} == {("SubscribeToTopic", "line/busy")} | ECHO


def test_its_default_configuration_has_nothing_where_the_desired_state_goes() -> None:
    default = _recipe()["ComponentConfiguration"]["DefaultConfiguration"]
    assert set(default) == {"application", "accessControl"}


def test_what_the_config_adds_stands_beside_what_is_generated() -> None:
    policy = {"operations": ["aws.greengrass#SubscribeToTopic"], "resources": ["in"]}
    own = {"accessControl": {"aws.greengrass.ipc.pubsub": {"more": policy}}}
    recipe = _recipe(ComponentConfiguration={"DefaultConfiguration": own})
    assert ("SubscribeToTopic", "in") in _rights(recipe)
    assert ("PublishToTopic", "mlops/predictions") in _rights(recipe)


@pytest.mark.parametrize(
    ("platforms", "architecture"),
    [
        (["manylinux_2_28_aarch64"], "aarch64"),
        (["manylinux_2_28_x86_64", "manylinux2014_x86_64"], "amd64"),
        (["linux_armv7l"], "arm"),
        (["this"], None),
    ],
)
def test_wheels_of_one_architecture_are_for_devices_of_that_one(platforms: list[str], architecture: str | None) -> None:
    build = {"build_system": "python", "packages": ["edge_agent"], "extra": "agent", "platforms": platforms}
    for manifest in _recipe(build=build)["Manifests"]:
        assert manifest["Platform"].get("architecture") == architecture


PROGRAM = '"{artifacts:decompressedPath}"/*/edge_agent/bringing_up/__main__.py'
THREE = ["manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "linux_armv7l"]


def _built_for(platforms: list[str]) -> dict[str, Any]:
    return {"build_system": "python", "packages": ["edge_agent"], "extra": "agent", "platforms": platforms}


def test_on_classic_it_installs_and_starts_and_on_lite_it_only_runs() -> None:
    lifecycle = _recipe({"startup-timeout": 300})["Lifecycle"]
    assert lifecycle == {
        "classic": {
            "install": {"Script": f"python3 -IS {PROGRAM} install", "Timeout": "900"},
            "startup": {"Script": f"exec python3 -IS {PROGRAM} start", "Timeout": "300"},
        },
        "linux": {"run": f"exec python3 -IS {PROGRAM} run 300"},
    }


def test_each_nucleus_selects_its_own_part() -> None:
    text = json.dumps(_recipe(build=_built_for(THREE)))
    for runtime, steps in (("classic", {"install", "startup"}), ("lite", {"run"})):
        for architecture in ("amd64", "aarch64", "arm"):
            component = read_recipe(text, "r", RUNTIMES[runtime], NucleusPlatform("linux", architecture))
            assert component.lifecycle.steps.keys() == steps
            assert [each.file_name for each in component.artifacts] == [f"agent-{architecture}.zip"]


@pytest.mark.parametrize("runtime", list(Runtime))
def test_its_own_linter_has_nothing_to_say_of_it(runtime: Runtime, tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(_recipe(build=_built_for(THREE))))
    assert lint([path], runtime=runtime).diagnostics == ()


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [leaf for inner in (value.values() if isinstance(value, dict) else value) for leaf in _leaves(inner)]
    return [value]


def test_no_lifecycle_has_a_number_which_classic_takes_for_a_change_after_each_start() -> None:
    assert {type(leaf) for leaf in _leaves(_recipe()["Lifecycle"])} == {str}


def test_nothing_hangs_on_the_environment_that_sudo_takes_away() -> None:
    assert "Setenv" not in json.dumps(_recipe())


def _objects(value: Any) -> int:
    """As lite counts them (aws-greengrass-component-sdk, src/object_visit.c)."""
    if isinstance(value, dict):
        return 2 * len(value) + sum(_objects(inner) for inner in value.values())
    return len(value) + sum(_objects(inner) for inner in value) if isinstance(value, list) else 0


def test_three_architectures_are_few_enough_objects_and_bytes_for_lite_with_what_the_cloud_adds() -> None:
    recipe = _recipe(build=_built_for(THREE))
    for manifest in recipe["Manifests"]:
        for artifact in manifest["Artifacts"]:
            artifact |= {"Digest": "x" * 44, "Algorithm": "SHA-256"}
    assert _objects(recipe) <= 180
    assert len(json.dumps(recipe)) <= 4_000


def test_each_of_several_architectures_has_a_manifest_and_an_artifact_of_its_own() -> None:
    manifests = _recipe(build=_built_for([*THREE[:2], "manylinux2014_x86_64"]))["Manifests"]
    assert [each["Platform"]["architecture"] for each in manifests] == ["amd64", "aarch64"]
    for manifest in manifests:
        (artifact,) = manifest["Artifacts"]
        assert artifact["Uri"].endswith(f"/1.2.3/agent-{manifest['Platform']['architecture']}.zip")


def test_a_platform_without_a_name_comes_last_and_is_for_every_other_device() -> None:
    platforms = ["this", "manylinux_2_28_aarch64"]
    build = {"build_system": "python", "packages": ["edge_agent"], "extra": "agent", "platforms": platforms}
    manifests = _recipe(build=build)["Manifests"]
    assert [each["Platform"].get("architecture") for each in manifests] == ["aarch64", None]
    assert manifests[1]["Artifacts"][0]["Uri"].endswith("/agent.zip")
