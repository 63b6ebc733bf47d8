"""The component's environment, the agent's version, the place of artifacts, and settings in texts."""

from pathlib import Path

import pytest

from edge_agent.component_environment import agent_version, component_environment
from edge_agent.control.reading import read_settings
from edge_agent.errors import ArtifactError, InvalidSettingsError, WrongUseError
from edge_agent.inference.model_folder import model_folder
from shared_schema.version import VERSION

NUCLEUS = {
    "AWS_IOT_THING_NAME": "device-1",
    "SVCUID": "token",
    "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": "/gg/ipc.socket",
}


def test_the_working_folder_tells_component_and_root() -> None:
    environment = component_environment(NUCLEUS, Path("/gg/work/com.example.edge-agent"))
    assert environment.component == "com.example.edge-agent"
    assert environment.desired_component == "com.example.edge-agent.desired"
    assert environment.root == Path("/gg")
    assert environment.thing == "device-1"


def test_the_recipe_may_tell_them_by_environment() -> None:
    said = {"MLOPS_COMPONENT": "com.example.a", "MLOPS_ROOT": "/root-of-it", "MLOPS_WORK": "/var/work"}
    environment = component_environment({**NUCLEUS, **said}, Path("/elsewhere"))
    assert (environment.component, environment.root, environment.work) == (
        "com.example.a",
        Path("/root-of-it"),
        Path("/var/work"),
    )


def test_a_variable_that_no_nucleus_filled_in_is_passed_over() -> None:
    said = {"MLOPS_ROOT": "{kernel:rootPath}", "MLOPS_WORK": "{work:path}"}
    environment = component_environment({**NUCLEUS, **said}, Path("/gg/work/com.example.a"))
    assert (environment.root, environment.work) == (Path("/gg"), Path("/gg/work/com.example.a"))


def test_without_a_nucleus_the_error_says_what_to_do() -> None:
    with pytest.raises(WrongUseError, match=r"no SVCUID.*edge-agent check"):
        component_environment({**NUCLEUS, "SVCUID": ""}, Path("/gg/work/com.example.a"))


def test_a_sudo_that_passes_no_environment_on_is_named_with_what_helps() -> None:
    environment = {"SUDO_COMMAND": "/usr/bin/sh -c exec …", "SUDO_USER": "root", "PATH": "/usr/bin"}
    with pytest.raises(WrongUseError, match=r"SVCUID, .*sudo-rs.*sudo\.ws.*runWithDefault") as told:
        component_environment(environment, Path("/gg/work/com.example.a"))
    assert "\n" not in str(told.value)
    # With what it needs it does not matter how it was started.
    assert component_environment({**NUCLEUS, **environment}, Path("/gg/work/com.example.a")).thing == "device-1"


def test_a_deployed_agent_is_called_by_its_components_version_and_one_begun_by_hand_by_the_packages() -> None:
    assert agent_version({"MLOPS_COMPONENT_VERSION": "1.4.2"}) == "1.4.2"
    assert agent_version({}) == VERSION


def test_an_artifact_is_the_only_folder_of_its_version(tmp_path: Path) -> None:
    place = tmp_path / "packages" / "artifacts-unarchived" / "com.example.digits" / "4.0.0"
    with pytest.raises(ArtifactError, match=r"com\.example\.digits 4\.0\.0 is not on this device"):
        model_folder(tmp_path, "com.example.digits", "4.0.0")
    (place / "digits").mkdir(parents=True)
    assert model_folder(tmp_path, "com.example.digits", "4.0.0") == place / "digits"
    (place / "more").mkdir()
    with pytest.raises(ArtifactError, match=r"several folders \(digits, more\)"):
        model_folder(tmp_path, "com.example.digits", "4.0.0")


def test_settings_come_as_text() -> None:
    settings = read_settings({"health": {"interval": "5"}, "sources": {"cam": {"type": "folder", "queue": "7"}}})
    assert settings.health.interval == 5.0
    assert settings.sources["cam"].queue == 7


def test_wrong_settings_are_named_with_their_place() -> None:
    with pytest.raises(InvalidSettingsError, match=r"settings\.health\.interval .*, and 1 more; correct"):
        read_settings({"health": {"interval": "often"}, "sourcs": {}})
