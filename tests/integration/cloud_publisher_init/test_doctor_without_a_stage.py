"""`doctor` without a stage says what of the tool's own surroundings is wrong, and asks nobody."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared_schema.version import VERSION

from .conftest import Run

BIN = Path(sys.executable).parent


Doctor = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def doctor(run: Run, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Run it in a folder, where no network is reached; return its exit code and its document."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)

    def command(folder: Path, **variables: str) -> tuple[int, dict[str, Any]]:
        monkeypatch.chdir(folder)
        nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1", "HOME": str(folder)}
        path = {"PATH": f"{BIN}:{os.defpath}"}
        for name, value in {**nobody, **path, **variables}.items():
            monkeypatch.setenv(name, value)
        code, out, err = run("doctor", "--json")
        assert not err
        return code, json.loads(out)

    return command


def state(document: dict[str, Any], check: str) -> str:
    states = {each["state"] for each in document["checks"] if each["check"] == check}
    assert len(states) == 1, (check, states)
    return str(states.pop())


def problems(document: dict[str, Any], check: str) -> str:
    code = check.replace(" ", "-")
    found = [each for each in document["diagnostics"] if each["code"] == code]
    return "\n".join(f"{each['file']}:{each['line']}: {each['problem']} {each['remedy']}" for each in found)


@pytest.fixture
def repository(run: Run, tmp_path: Path) -> Path:
    """A new repository."""
    assert run("init", "repository")[0] == 0
    return tmp_path / "repository"


def test_in_a_new_repository_all_is_well_and_credentials_are_no_fault(doctor: Doctor, repository: Path) -> None:
    code, document = doctor(repository)
    assert code == 0, document
    well = ("Python", "tool", "command", "extra publisher", "extra agent", "extra emulator", "pip", "config", "tools")
    assert {check: state(document, check) for check in well} == dict.fromkeys(well, "well")
    assert state(document, "AWS credentials") == "lacking"
    assert "validate and lint need none" in problems(document, "AWS credentials")
    tool = next(each["words"] for each in document["checks"] if each["check"] == "tool")
    assert tool == f"mlops-at-edge {VERSION} in a checkout, {Path(__file__).parents[3]}"


def test_outside_a_repository_there_is_no_config_and_nothing_is_wrong(doctor: Doctor, tmp_path: Path) -> None:
    code, document = doctor(tmp_path)
    assert (code, state(document, "config")) == (0, "lacking")
    assert f"there is no greengrass-config.yml in {tmp_path}" in problems(document, "config")
    assert "tools" not in {each["check"] for each in document["checks"]}


def test_a_config_with_a_fault_is_told_with_its_line(doctor: Doctor, repository: Path) -> None:
    path = repository / "greengrass-config.yml"
    path.write_text(path.read_text().replace("application:", "aplication:", 1))
    code, document = doctor(repository)
    assert (code, state(document, "config")) == (1, "failed")
    assert "did you mean 'application'?" in problems(document, "config")


def test_a_wheel_with_one_byte_changed_and_a_lock_without_a_hash_are_named(doctor: Doctor, repository: Path) -> None:
    (wheel,) = (repository / "tools").glob("mlops_at_edge-*.whl")
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 1
    wheel.write_bytes(content)
    lock = repository / "tools" / "agent.txt"
    lock.write_text(lock.read_text() + "somebody==1.0\n")
    code, document = doctor(repository)
    assert (code, state(document, "tools")) == (1, "failed")
    said = problems(document, "tools")
    assert f"tools/{wheel.name} is not the file that the lock names" in said
    assert "somebody==1.0 has no hash" in said


def test_another_version_in_tools_than_the_one_that_runs_is_told(doctor: Doctor, repository: Path) -> None:
    (wheel,) = (repository / "tools").glob("mlops_at_edge-*.whl")
    other = wheel.rename(wheel.with_name(wheel.name.replace(VERSION, "9.9.9")))
    for lock in (repository / "tools").glob("*.txt"):
        lock.write_text(lock.read_text().replace(wheel.name, other.name))
    code, document = doctor(repository)
    assert (code, state(document, "tools")) == (1, "failed")
    assert f"it has mlops-at-edge 9.9.9, and this is {VERSION}" in problems(document, "tools")
    assert "init --upgrade" in problems(document, "tools")


def test_another_command_first_on_the_path_is_a_fault_and_none_is_not(doctor: Doctor, tmp_path: Path) -> None:
    other = tmp_path / "bin" / "cloud-publisher"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    code, document = doctor(tmp_path, PATH=f"{other.parent}:{BIN}:/usr/bin:/bin")
    assert (code, state(document, "command")) == (1, "failed")
    assert f"the first on the PATH is {other}" in problems(document, "command")
    code, document = doctor(tmp_path, PATH="/usr/bin:/bin")
    assert (code, state(document, "command")) == (0, "lacking")
    assert f"this one is {BIN / 'cloud-publisher'}" in problems(document, "command")


@pytest.mark.parametrize(
    ("variables", "ended", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"}, "well", "found by env"),
        ({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"}, "well", "the container's"),
        ({"AWS_PROFILE": "nobody"}, "failed", "nobody"),
    ],
)
def test_credentials_are_looked_for_and_nobody_is_asked(
    doctor: Doctor, tmp_path: Path, variables: dict[str, str], ended: str, words: str
) -> None:
    code, document = doctor(tmp_path, **variables)
    assert (code, state(document, "AWS credentials")) == (int(ended == "failed"), ended)
    assert words in next(each["words"] for each in document["checks"] if each["check"] == "AWS credentials")
