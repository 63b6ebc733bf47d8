"""A team's first hour: our wheels in an empty folder, a new repository, a model of their own, a whole release of it."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.rehearsal.teams import CONFIG, model_component, wear, write_wear

from .conftest import REPOSITORY

SECONDS = 1500
FINE_AND_WORN = [[-1.0, 1.0], [-1.0, 1.0]]
WORN_AND_FINE = [[1.0, -1.0], [1.0, -1.0]]
pytestmark = [pytest.mark.installs, pytest.mark.timeout(2 * SECONDS)]


@pytest.fixture
def empty_folder() -> Iterator[Path]:
    """A folder below no other test's, which another user may enter and write to."""
    folder = Path(tempfile.mkdtemp(prefix="first-hour-")).resolve()
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def ran(folder: Path, *command: str | Path) -> str:
    """Run a command in the folder as a user that is not root, who has nothing of ours. Return what it prints."""
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [*map(str, command)],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
            user=nobody.pw_uid if nobody else None,
            group=nobody.pw_gid if nobody else None,
            extra_groups=[] if nobody else None,
            env={**environment(), "HOME": str(folder), "TMPDIR": str(folder), "COLUMNS": "300"},
        )
        output.seek(0)
        printed = output.read()
    assert done.returncode == 0, printed[-6000:]
    return printed


def environment() -> dict[str, str]:
    """The way to this machine's index, and the system's programs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper().startswith(("PIP_", "HTTP", "SSL_", "NO_PROXY"))
    }
    return {**kept, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


def test_a_team_releases_its_own_model_from_two_wheels(empty_folder: Path) -> None:
    wheels = empty_folder / "wheels"
    for project in (REPOSITORY, REPOSITORY / "emulator"):
        command = [*(sys.executable, "-m", "build", "--no-isolation"), *("--outdir", wheels, project)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    ours = [str(each) for each in wheels.glob("*.whl")]
    python = empty_folder / "env/bin/python"
    venv.create(python.parents[1], with_pip=True)
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    lock = shutil.copy(REPOSITORY / "requirements/rehearsal.txt", wheels)
    give(empty_folder)
    ran(empty_folder, *pip, "--require-hashes", "--only-binary", ":all:", "--requirement", lock)
    ran(empty_folder, *pip, "--no-index", "--no-deps", *ours)

    repository = empty_folder / "releases"
    ran(empty_folder, python.with_name("cloud-publisher"), "init", repository)
    put_own_model_in(repository)
    give(repository)
    printed = ran(
        repository,
        *(python.with_name("mlops-rehearsal"), "run", "--repository", ".", "--bare", "--devices", "2"),
        *("--model-data", f"wear={empty_folder}/exports/1", "--bad", f"wear={empty_folder}/exports/upside-down"),
    )
    assert "✓ 1 first release: each stage installs the tool from what the pipeline gives it" in printed
    assert "every device serves and confirms 1.0.0" in printed


def put_own_model_in(repository: Path) -> None:
    """Put a table's model in the place of the digits, as its team would."""
    path = repository / CONFIG
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    components = config["custom-components"]
    del components["digits"]
    shutil.rmtree(repository / "model_components/digits")
    components["agent"]["agent"]["settings"] = {
        "sources": {"line": {"type": "topic", "topic": "line/asks", "model": "wear"}}
    }
    components["wear"] = model_component(
        "wear", {"sagemaker-managed": True, "package-group": "wear"}, "model_components/wear"
    )
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    write_wear(repository / "model_components/wear")
    wear(repository.parent / "exports/1", FINE_AND_WORN)
    wear(repository.parent / "exports/upside-down", WORN_AND_FINE)


def give(folder: Path) -> None:
    """Make a folder with all that is in it the other user's own."""
    if os.geteuid() == 0:
        subprocess.run(["chown", "--recursive", "--no-dereference", "nobody:", str(folder)], check=True)
