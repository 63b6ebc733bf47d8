"""The extended rehearsal's repository: made of one that has an agent and the digits, and of no other."""

import shutil
from pathlib import Path

import pytest
import yaml

from rehearsal.errors import RehearsalError
from rehearsal.extended.deploy_repository import (
    DIGITS,
    MODELS,
    SETTINGS,
    application_of,
    extended_subject,
    put_wheels_in,
    renew_agent,
    write_repository,
)
from shared_schema.config import Config
from shared_schema.desired_state import DesiredModel, DesiredState
from shared_schema.documents import read_document
from shared_schema.model_manifest import ModelManifest
from shared_schema.settings import AgentSettings, JsonLinesSink

REPOSITORY = Path(__file__).parents[3]
CONFIG = "greengrass-config.yml"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("application: a\ncustom-components: {agent: {agent: {}}}\n", "has no digits"),
        ("custom-components: {digits: {}, agent: {agent: {}}}\n", "application: Field required"),
        ("application: a\ncustom-components: {digits: {}}\n", "no component is the agent"),
        ("- a list\n", "valid dictionary"),
        ("{", "cannot be read"),
    ],
)
def test_a_repository_without_what_it_needs_is_refused(tmp_path: Path, config: str, words: str) -> None:
    (tmp_path / "greengrass-config.yml").write_text(config)
    with pytest.raises(RehearsalError, match=words):
        application_of(tmp_path)


def test_the_repository_that_is_made_has_four_models_and_keeps_its_own_agent_and_digits(tmp_path: Path) -> None:
    own = REPOSITORY / "greengrass-config.yml"
    shutil.copy(own, tmp_path)
    was = Config.model_validate(yaml.safe_load(own.read_text())).custom_components

    write_repository(tmp_path)
    made = Config.model_validate(yaml.safe_load((tmp_path / "greengrass-config.yml").read_text())).custom_components

    assert [key for key, each in made.items() if each.model] == list(MODELS)
    assert made[DIGITS] == was[DIGITS]
    assert made["agent"].build == was["agent"].build
    for model in set(MODELS) - {DIGITS}:
        folder = tmp_path / made[model].root
        manifest = ModelManifest.model_validate(yaml.safe_load((folder / "model.yaml").read_text()))
        assert all((folder / sample.input).is_file() for sample in manifest.golden.samples)
    renew_agent(tmp_path)
    renewed = Config.model_validate(yaml.safe_load((tmp_path / "greengrass-config.yml").read_text())).custom_components
    assert [key for key in made if made[key] != renewed[key]] == ["agent"]


def test_its_settings_fit_into_a_desired_state() -> None:
    settings = AgentSettings.model_validate(SETTINGS)
    models = {name: DesiredModel(component=f"com.example.{name}", version="1.0.0", digest="k" * 43) for name in MODELS}
    assert DesiredState(release="1800000000", models=models, settings=settings.as_text()).sealed()["seal"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    shutil.copy(REPOSITORY / CONFIG, tmp_path)
    write_repository(tmp_path)
    return tmp_path


def test_predictions_are_read_from_the_file_that_a_device_writes(source: Path) -> None:
    # The rehearsal adds a sink of its own to settings that keep too little, and these settings replace that.
    agent = read_document(source / CONFIG, Config).value.custom_components["agent"].agent
    assert agent is not None
    written = [sink.path for sink in agent.settings.sinks.values() if isinstance(sink, JsonLinesSink)]
    assert written == [extended_subject(REPOSITORY).place.predictions]
    assert set(agent.settings.sinks) == set(SETTINGS["sinks"])


def test_with_wheels_the_agent_is_for_this_machine_and_nothing_relies_on_the_devices_packages(source: Path) -> None:
    put_wheels_in(source, python="3.12")
    components = read_document(source / CONFIG, Config).value.custom_components
    build = components["agent"].build
    assert (build.wheels, build.platforms, build.python, build.extra) == (True, ["this"], "3.12", "agent")
    programs = [str(each.lifecycle) for each in components.values()]
    assert not [program for program in programs if "python3" in program]
