"""The agent's recipe: least rights, one lifecycle a runtime, and no word of any model."""

import json
from typing import Any

import pytest

from cloud_publisher.recipes.component_recipe import recipe_of, recipe_sources
from shared_schema.config import Config


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
        ("PublishToTopic", "mlops/predictions"),
    }


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
    assert local == {("SubscribeToTopic", "line/asks"), ("PublishToTopic", "line/asks/reply")}


def test_an_agent_that_is_told_when_the_line_is_busy_may_hear_that_topic_and_no_other() -> None:
    settings = {"busy": {"topic": "line/busy"}, "sinks": {"file": {"type": "json-lines"}}}
    rights = _rights(_recipe({"settings": settings}))
    assert {each for each in rights if each[0].endswith("ToTopic")} == {("SubscribeToTopic", "line/busy")}


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


def test_with_wheels_it_runs_in_an_environment_that_its_install_step_makes() -> None:
    build = {"build_system": "python", "packages": ["edge_agent"], "extra": "agent"}
    for manifest, step in zip(_recipe(build=build)["Manifests"], ("run", "startup"), strict=True):
        lifecycle = manifest["Lifecycle"]
        script = lifecycle["install"]["Script"]
        assert "venv --clear {work:path}/venv" in script
        assert script.count("{") == script.count("{work:path}") + script.count("{artifacts:decompressedPath}")
        assert lifecycle[step]["Script"].endswith(" {work:path}/venv/bin/python -u -m edge_agent run")
        # Lite cuts a script at a shell's ${X}.
        assert "${" not in lifecycle["install"]["Script"]


def test_nothing_hangs_on_the_environment_that_sudo_takes_away() -> None:
    for manifest in _recipe()["Manifests"]:
        assert "Setenv" not in manifest["Lifecycle"]


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [leaf for inner in (value.values() if isinstance(value, dict) else value) for leaf in _leaves(inner)]
    return [value]


def test_no_lifecycle_has_a_number_which_classic_takes_for_a_change_after_each_start() -> None:
    build = {"build_system": "python", "packages": ["edge_agent"], "extra": "agent"}
    for manifest in _recipe(build=build)["Manifests"]:
        assert {type(leaf) for leaf in _leaves(manifest["Lifecycle"])} == {str}


def test_each_of_several_architectures_has_manifests_and_an_artifact_of_its_own() -> None:
    platforms = ["manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "manylinux2014_x86_64"]
    build = {"build_system": "python", "packages": ["edge_agent"], "extra": "agent", "platforms": platforms}
    manifests = _recipe(build=build)["Manifests"]
    assert [each["Name"] for each in manifests] == ["lite-amd64", "lite-aarch64", "classic-amd64", "classic-aarch64"]
    for manifest in manifests:
        architecture = manifest["Platform"]["architecture"]
        (artifact,) = manifest["Artifacts"]
        assert artifact["Uri"].endswith(f"/1.2.3/agent-{architecture}.zip")
        folder = f"{{artifacts:decompressedPath}}/agent-{architecture}"
        step = manifest["Lifecycle"].get("run") or manifest["Lifecycle"]["startup"]
        assert f'PYTHONPATH="{folder}"' in step["Script"]
        assert f"--find-links {folder}/wheels" in manifest["Lifecycle"]["install"]["Script"]


def test_a_platform_without_a_name_comes_last_and_is_for_every_other_device() -> None:
    platforms = ["this", "manylinux_2_28_aarch64"]
    build = {"build_system": "python", "packages": ["edge_agent"], "extra": "agent", "platforms": platforms}
    manifests = _recipe(build=build)["Manifests"]
    assert [each["Name"] for each in manifests] == ["lite-aarch64", "lite-other", "classic-aarch64", "classic-other"]
    assert "architecture" not in manifests[1]["Platform"]
    assert manifests[1]["Artifacts"][0]["Uri"].endswith("/agent.zip")
