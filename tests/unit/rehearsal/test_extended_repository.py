"""The extended rehearsal's own copy of a repository: its config is valid, and says what the rehearsal reads."""

import shutil
from pathlib import Path

import pytest

from rehearsal.extended.deploy_repository import SETTINGS, extended_subject, put_wheels_in, write_repository
from shared_schema.config import Config
from shared_schema.documents import read_document
from shared_schema.settings import JsonLinesSink

REPOSITORY = Path(__file__).parents[3]
CONFIG = "greengrass-config.yml"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    shutil.copy(REPOSITORY / CONFIG, tmp_path)
    write_repository(tmp_path)
    return tmp_path


def test_predictions_are_read_from_the_file_that_a_device_writes(source: Path) -> None:
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
