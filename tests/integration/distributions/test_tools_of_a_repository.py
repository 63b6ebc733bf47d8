"""A repository's ``tools/`` in an empty environment: what its stages do first, with an index and without one."""

import os
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest
import yaml

from cloud_publisher.build.wheelhouse import tags_of
from shared_schema.version import VERSION

SECONDS = 400
BEFORE = Path(__file__).parents[1] / "cloud_publisher_init/before_there_was_tools.tar.xz"
NOWHERE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
PLATFORM = "manylinux_2_28_x86_64"
pytestmark = [pytest.mark.installs, pytest.mark.timeout(3 * SECONDS)]


def publisher(*words: str | Path, cwd: Path, **variables: str) -> str:
    """Run this environment's publisher."""
    return ran(sys.executable, "-P", "-m", "cloud_publisher", *words, cwd=cwd, **variables)


def ran(*command: str | Path, cwd: Path, **variables: str) -> str:
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def empty_environment(folder: Path) -> Path:
    """Make an environment with pip alone; return the folder of its commands."""
    venv.create(folder, with_pip=True)
    return folder / "bin"


def test_a_repository_from_before_there_was_tools_installs_once_it_is_upgraded(tmp_path: Path) -> None:
    repository = tmp_path / "Größe und Maß"
    with tarfile.open(BEFORE) as archive:
        archive.extractall(repository, filter="data")
    publisher("init", "--upgrade", "--yes", cwd=repository)
    commands = empty_environment(tmp_path / "env")
    bare = f"{commands}:/usr/bin:/bin"
    for stage in ("build", "deploy"):
        phases = yaml.safe_load((repository / f"buildspec.{stage}.yml").read_text())["phases"]
        for command in phases["install"]["commands"]:
            ran("sh", "-e", "-c", command, cwd=repository, PATH=bare)
        ran(commands / "pip", "check", cwd=repository)
    assert ran(commands / "cloud-publisher", "--version", cwd=repository) == f"mlops-at-edge {VERSION}\n"
    assert "no faults" in ran(commands / "cloud-publisher", "validate", cwd=repository)


def test_with_everyones_wheels_no_index_is_needed(tmp_path: Path) -> None:
    repository = tmp_path / "new"
    publisher("init", repository, "--offline-tools", "--platform", PLATFORM, cwd=tmp_path)
    commands = empty_environment(tmp_path / "env")
    install = [commands / "pip", "install", "--quiet", "--require-hashes", "-r"]
    ran(*install, "tools/requirements.txt", cwd=repository, **NOWHERE)
    ran(*install, "tools/build.txt", cwd=repository, **NOWHERE)
    ran(commands / "pip", "check", cwd=repository)
    assert "no faults" in ran(commands / "cloud-publisher", "validate", cwd=repository)
    # So has the build of the agent, whose pip gets what the buildspec says.
    variables = yaml.safe_load((repository / "buildspec.build.yml").read_text())["env"]["variables"]
    download = [commands / "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    download += [word for tag in tags_of(PLATFORM) for word in ("--platform", tag)]
    lock = ["--python-version", "3.11", "--dest", tmp_path / "wheels", "-r", "tools/agent.txt"]
    ran(*download, *lock, cwd=repository, **NOWHERE, **variables)
    # And an upgrade, which finds all its wheels there.
    assert "nothing to do" in publisher("init", "--upgrade", cwd=repository, **NOWHERE)
