"""Each distribution as somebody has it who installs it: in an empty environment, outside this checkout."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from cloud_publisher.build.requirement_lock import read_lock
from shared_schema.version import VERSION

REPOSITORY = Path(__file__).parents[3]
SECONDS = 300
BASE = {"annotated-types", "pydantic", "pydantic-core", "pyyaml", "typing-extensions", "typing-inspection"}
pytestmark = [pytest.mark.installs, pytest.mark.timeout(2 * SECONDS)]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False)


def ran(*command: str | Path, cwd: Path) -> str:
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and sdist of both, as `make dist` builds them."""
    folder = tmp_path_factory.mktemp("dist")
    for project in (REPOSITORY, REPOSITORY / "emulator"):
        ran(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, project, cwd=folder)
    return folder


def environment(folder: Path, lock: str, *distributions: Path) -> Path:
    """Make an environment with a lock's packages and our distributions; return the folder of its commands."""
    venv.create(folder, with_pip=True)
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    file = folder / "lock.txt"
    file.write_text(lock, encoding="utf-8")
    ran(*pip, "--require-hashes", "--only-binary", ":all:", "--requirement", file, cwd=folder)
    if distributions:
        ran(*pip, "--no-index", "--no-deps", "--no-build-isolation", *distributions, cwd=folder)
    ran(folder / "bin/python", "-m", "pip", "check", cwd=folder)
    return folder / "bin"


def lock(name: str) -> str:
    return (REPOSITORY / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["py3-none-any.whl", "tar.gz"])
def test_the_publisher_makes_a_repository_that_it_accepts(dist: Path, tmp_path: Path, kind: str) -> None:
    (product,) = dist.glob(f"mlops_at_edge-*{kind}")
    commands = environment(tmp_path / "env", lock("publisher"), product)
    assert ran(commands / "cloud-publisher", "--version", cwd=tmp_path) == f"mlops-at-edge {VERSION}\n"
    ran(commands / "cloud-publisher", "init", "releases", cwd=tmp_path)
    assert (tmp_path / "releases/model_components/digits/.gitignore").is_file()
    assert "no faults" in ran(commands / "cloud-publisher", "validate", cwd=tmp_path / "releases")
    found = json.loads(ran(commands / "cloud-publisher", "doctor", "--json", cwd=tmp_path / "releases"))
    states = {each["check"]: each["state"] for each in found["checks"]}
    assert [states[name] for name in ("tool", "extra publisher", "config", "tools")] == ["well"] * 4, found
    assert (states["extra agent"], states["extra emulator"]) == ("lacking", "lacking"), found

    edited = next((tmp_path / "env").glob("lib/*/site-packages/cloud_publisher/versions.py"))
    edited.write_text(edited.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    done = run(commands / "cloud-publisher", "doctor", cwd=tmp_path / "releases")
    assert done.returncode == 1
    assert f"{edited} is not as mlops-at-edge was installed" in done.stderr


def test_where_an_extra_is_missing_each_command_says_which(dist: Path, tmp_path: Path) -> None:
    (product,) = dist.glob("mlops_at_edge-*.whl")
    least = [str(each) for each in read_lock(lock("publisher"), "publisher.txt") if each.requirement.name in BASE]
    commands = environment(tmp_path / "env", "\n".join(least), product)
    for command, extra in (("cloud-publisher", "publisher"), ("edge-agent", "agent"), ("mlops-rehearsal", "emulator")):
        done = run(commands / command, "--version", cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith(f"error: {command} needs ")
        # Never by our names alone: an index may have somebody else's distributions under them.
        assert f"'./mlops_at_edge-{VERSION}-py3-none-any.whl[{extra}]'" in done.stderr
        assert ("greengrass_emulator-" in done.stderr) == (extra == "emulator")
        assert "pip install --require-hashes -r tools/" in done.stderr


def test_the_agent_runs_with_its_extra_alone(dist: Path, tmp_path: Path) -> None:
    (product,) = dist.glob("mlops_at_edge-*.whl")
    commands = environment(tmp_path / "env", lock("agent"), product)
    assert ran(commands / "edge-agent", "--version", cwd=tmp_path) == f"mlops-at-edge {VERSION}\n"
    done = run(commands / "edge-agent", "check", "nothing", cwd=tmp_path)
    assert done.returncode == 2
    assert "nothing" in done.stderr


def test_the_emulator_and_the_rehearsal_are_there_together(dist: Path, tmp_path: Path) -> None:
    commands = environment(tmp_path / "env", lock("rehearsal"), *dist.glob("*.whl"))
    assert ran(commands / "greengrass-emulator", "--version", cwd=tmp_path).startswith("greengrass-emulator ")
    assert ran(commands / "mlops-rehearsal", "-h", cwd=tmp_path)
    for command in ("cloud-publisher", "edge-agent", "greengrass-emulator", "mlops-rehearsal"):
        assert command in ran(commands / command, "--show-completion", "bash", cwd=tmp_path)
