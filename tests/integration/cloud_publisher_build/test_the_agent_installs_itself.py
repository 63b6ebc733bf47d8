"""The agent's package on a device with no network and a bare Python: as it is built, on both emulated nuclei."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from greengrass_emulator.errors import EmulatorError

import edge_agent.bringing_up
import edge_agent.errors
from shared_schema.digests import sha256_of_file

pytestmark = pytest.mark.installs

Run = Callable[..., Any]
PROGRAM = """\
import json, os, pathlib, sys, time, tinylib
version = os.environ["MLOPS_COMPONENT_VERSION"]
with open("ran.txt", "a") as ran:
    ran.write(f"{version} {tinylib.VERSION} {os.getpid()} {sys.prefix}\\n")
"""
CONFIRMS = """\
pathlib.Path("state").mkdir(exist_ok=True)
pathlib.Path("state/memory.json").write_text(json.dumps({"confirmed_by": [version]}))
"""
STAYS = {"classic": "", "lite": "while True: time.sleep(60)\n"}
"""Classic's `startup` waits for an end with 0, since these stand-ins do not speak to the nucleus."""


def _wheel(folder: Path) -> Path:
    folder.mkdir()
    path = folder / "tinylib-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tinylib.py", "VERSION = '1.0'\n")
        wheel.writestr("tinylib-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinylib\nVersion: 1.0\n")
        wheel.writestr("tinylib-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\n")
        wheel.writestr("tinylib-1.0.dist-info/RECORD", "")
    return path


class Agent:
    """A repository's agent, a program that needs one wheel; each build of it is a version, which a device is given."""

    def __init__(self, repository: Any, run: Run, bucket: Any, folder: Path) -> None:
        self._repository = repository
        self._run = run
        self._bucket = bucket
        self.recipes, self.artifacts = folder / "recipes", folder / "artifacts"
        self.recipes.mkdir()
        wheel = _wheel(folder / "index")
        repository.write("edge_agent/__init__.py", "")
        for source in Path(edge_agent.bringing_up.__file__).parent.glob("*.py"):
            repository.write(f"edge_agent/bringing_up/{source.name}", source.read_bytes())
        repository.write("edge_agent/errors.py", Path(edge_agent.errors.__file__).read_bytes())
        requirements = "[project.optional-dependencies]\nagent = ['tinylib']\n"
        repository.write("pyproject.toml", f"[project]\nname = 'x'\nversion = '1'\n{requirements}")
        repository.write("requirements.txt", f"tinylib==1.0 --hash=sha256:{sha256_of_file(wheel)}\n")
        repository.config(
            """\
            agent:
              component-name: PREFIX.agent
              root: .
              build: {build_system: python, packages: [edge_agent], extra: agent}
              agent: {}
            """,
            top="application: lines\n",
        )

    def built(self, program: str) -> dict[str, str]:
        """Build the agent with this program; what a deployment merges."""
        self._repository.write("edge_agent/__main__.py", program)
        built = self._run("build")
        assert built.code == 0, built.err
        component = self._repository.component("agent")
        name, version = component["name"], component["version"]
        (self.recipes / f"{name}-{version}.json").write_text(component["recipe"])
        (artifact,) = component["artifacts"]
        path = self.artifacts / name / version / Path(artifact["uri"]).name
        path.parent.mkdir(parents=True)
        path.write_bytes(self._bucket.read(artifact["uri"]))
        return {name: version}


@pytest.fixture
def agent(repository: Any, run: Run, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Agent:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return Agent(repository, run, bucket, tmp_path)


def _ran(device: Any) -> list[list[str]]:
    found = list(device.root.glob("work/*.agent/ran.txt"))
    return [line.split() for line in found[0].read_text().splitlines()] if found else []


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_a_version_that_fails_leaves_the_one_before_as_it_was(
    runtime: str, agent: Agent, greengrass_devices: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = agent.built(PROGRAM + CONFIRMS + STAYS[runtime])
    bad = agent.built(PROGRAM + "sys.exit(3)\n")
    monkeypatch.delenv("PIP_FIND_LINKS")
    device = greengrass_devices(runtime)
    given = {"recipes": agent.recipes, "artifacts": agent.artifacts}
    device.deploy(good, **given)
    device.until(lambda: _ran(device), 20)
    ((version, library, _, prefix),) = _ran(device)
    assert (version, library) == ("1.0.0", "1.0")
    work = next(device.root.glob("work/*.agent"))
    assert Path(prefix).resolve() == (work / "versions/1.0.0/venv").resolve()
    made = (work / "versions/1.0.0/made.json").stat().st_mtime_ns

    if runtime == "classic":
        with pytest.raises(EmulatorError, match="FAILED_ROLLBACK_COMPLETE"):
            device.deploy(bad, **given)
    else:
        # It succeeds: lite waits for no `run`. What serves is the earlier version all the same.
        device.deploy(bad, **given)
        device.until((work / "state/install.json").exists, 60)
        assert json.loads((work / "state/install.json").read_text())["version"] == "1.0.1"
    device.until(lambda: [each[0] for each in _ran(device)][-2:] == ["1.0.1", "1.0.0"], 30)
    assert (work / "versions/1.0.0/made.json").stat().st_mtime_ns == made
