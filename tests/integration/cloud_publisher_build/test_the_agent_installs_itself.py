"""The agent's package on a device with no network: its install step, on both nuclei, and after an interruption."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
PROGRAM = "import sys, tinylib\nopen('ran.txt', 'w').write(f'{tinylib.VERSION} {sys.prefix}')\n"


def _wheel(folder: Path) -> None:
    folder.mkdir()
    with zipfile.ZipFile(folder / "tinylib-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tinylib.py", "VERSION = '1.0'\n")
        wheel.writestr("tinylib-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinylib\nVersion: 1.0\n")
        wheel.writestr("tinylib-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\n")
        wheel.writestr("tinylib-1.0.dist-info/RECORD", "")


@pytest.fixture
def agent(repository: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An agent that is built: a program that needs one wheel."""
    _wheel(tmp_path / "index")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    repository.write("edge_agent/__init__.py", "")
    repository.write("edge_agent/__main__.py", PROGRAM)
    requirements = "[project.optional-dependencies]\nagent = ['tinylib']\n"
    repository.write("pyproject.toml", f"[project]\nname = 'x'\nversion = '1'\n{requirements}")
    repository.write("constraints.txt", "tinylib==1.0\n")
    repository.config(
        f"""\
        agent:
          component-name: PREFIX.agent
          root: .
          build: {{build_system: python, packages: [edge_agent], extra: agent}}
          agent: {{python: {sys.executable}}}
        """,
        top="application: lines\n",
    )
    built = run("build")
    assert built.code == 0, built.err
    monkeypatch.delenv("PIP_FIND_LINKS")
    return repository


def _package(agent: Any, bucket: Any, folder: Path) -> Path:
    """The agent's zip, as the nucleus downloads it."""
    (artifact,) = agent.component("agent")["artifacts"]
    path = folder / Path(artifact["uri"]).name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bucket.read(artifact["uri"]))
    return path


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_both_nuclei_install_it_and_run_it_in_its_environment(
    runtime: str, agent: Any, bucket: Any, tmp_path: Path, greengrass_devices: Any
) -> None:
    name = agent.component("agent")["name"]
    recipes, artifacts = tmp_path / "recipes", tmp_path / "artifacts"
    recipes.mkdir()
    (recipes / f"{name}-1.0.0.json").write_text(agent.component("agent")["recipe"])
    _package(agent, bucket, artifacts / name / "1.0.0")
    device = greengrass_devices(runtime)
    device.deploy({name: "1.0.0"}, recipes=recipes, artifacts=artifacts)
    ran = next(path for path in device.root.rglob("ran.txt"))
    version, prefix = ran.read_text().split()
    assert version == "1.0"
    assert Path(prefix).resolve() == (ran.parent / "venv").resolve()


class Installation:
    """The install step as a nucleus runs it, in a shell, with its variables put in."""

    def __init__(self, agent: Any, package: Path, folder: Path) -> None:
        self.work, unpacked = folder / "work", folder / "unpacked"
        self.work.mkdir()
        with zipfile.ZipFile(package) as archive:
            archive.extractall(unpacked / package.stem)
        script: str = json.loads(agent.component("agent")["recipe"])["Manifests"][0]["Lifecycle"]["install"]["Script"]
        script = script.replace("{work:path}", str(self.work)).replace("{artifacts:decompressedPath}", str(unpacked))
        assert "{" not in script
        self.script = script

    def start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(["sh", "-c", self.script], start_new_session=True, stdout=subprocess.DEVNULL)

    def run(self) -> int:
        return self.start().wait(timeout=60)

    def is_whole(self) -> bool:
        command = [str(self.work / "venv/bin/python"), "-c", "import tinylib"]
        return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0


def test_an_interrupted_installation_is_repaired_by_the_next_and_a_whole_one_is_left_alone(
    agent: Any, bucket: Any, tmp_path: Path
) -> None:
    installation = Installation(agent, _package(agent, bucket, tmp_path / "package"), tmp_path)
    broken_off = installation.start()
    deadline = time.monotonic() + 30
    while not (installation.work / "venv/bin/python").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(broken_off.pid, signal.SIGKILL)
    broken_off.wait(timeout=10)
    assert not installation.is_whole()

    assert installation.run() == 0
    assert installation.is_whole()
    made = (installation.work / "venv/pyvenv.cfg").stat().st_mtime_ns
    assert installation.run() == 0
    assert (installation.work / "venv/pyvenv.cfg").stat().st_mtime_ns == made
