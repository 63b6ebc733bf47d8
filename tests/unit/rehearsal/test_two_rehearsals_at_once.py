"""`make rehearse` and `make policies` run at once: each has its own folder, and ends only its own processes."""

import inspect
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from greengrass_emulator.nucleus.lifecycle.process_owners import kill_orphans
from greengrass_emulator.nucleus.lifecycle.processes import DEVICE_MARK

from rehearsal.cli.prove_policies import prove_policies
from rehearsal.cli.run import run
from rehearsal.own_folder import own_folder


def folder_of(command: Callable[..., None]) -> Path:
    """The folder that a command uses unless another is named."""
    folder = inspect.signature(command).parameters["folder"].default
    assert isinstance(folder, Path)
    return folder


def test_each_command_has_a_folder_of_its_own_and_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rehearsed, proven = folder_of(run), folder_of(prove_policies)
    with own_folder(rehearsed):
        (rehearsed / "report.html").touch()
        with own_folder(proven):
            (proven / "calls.jsonl").touch()
            assert (rehearsed / "report.html").exists()
    with own_folder(rehearsed):
        assert not (rehearsed / "report.html").exists(), "the next rehearsal empties its own folder"
        assert (proven / "calls.jsonl").exists()


@pytest.fixture
def component_of() -> Iterator[Callable[[Path], subprocess.Popen[bytes]]]:
    """Starts a process as a component of the device with this root folder."""
    started: list[subprocess.Popen[bytes]] = []

    def start(root: Path) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["sleep", "60"], env={**os.environ, DEVICE_MARK: str(root.resolve())}))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_the_end_of_a_device_ends_no_component_of_a_device_elsewhere(
    tmp_path: Path, component_of: Callable[[Path], subprocess.Popen[bytes]]
) -> None:
    own = component_of(tmp_path / "run" / "devices" / "prod-1")
    others = [
        component_of(tmp_path / "policies" / "devices" / "prod-1"),
        component_of(tmp_path / "run/devices/prod-10"),
    ]
    kill_orphans(tmp_path / "run" / "devices" / "prod-1")
    assert own.wait(timeout=10) < 0
    assert [each.poll() for each in others] == [None, None]
