"""`cloud-publisher init`: a repository that is valid as it stands, whole or not at all, and nothing overwritten."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from cloud_publisher.errors import WorkFailedError
from cloud_publisher.initialising.contents import repository_files
from cloud_publisher.initialising.writing import write_new

Run = Callable[..., tuple[int, str, str]]


def agent_build(folder: Path) -> dict[str, Any]:
    config = yaml.safe_load((folder / "greengrass-config.yml").read_text(encoding="utf-8"))
    build: dict[str, Any] = config["custom-components"]["agent"]["build"]
    return build


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_it_writes_into_an_empty_folder_is_valid_as_it_stands(run: Run, tmp_path: Path) -> None:
    code, out, err = run("init", "--json")
    assert (code, err) == (0, "")
    assert {*json.loads(out)["files"]} == files_in(tmp_path)
    for name in (
        "greengrass-config.yml",
        "deployment.json",
        "buildspec.build.yml",
        "buildspec.deploy.yml",
        "README.md",
        ".gitignore",
        "model_components/digits/model.yaml",
        "Makefile",
        "tools/requirements.txt",
        "tools/build.txt",
        "tools/rehearsal.txt",
        "tools/agent.txt",
        "tools/schemas/config.json",
        "tools/schemas/model-manifest.json",
    ):
        assert (tmp_path / name).is_file(), name
    code, out, err = run("validate")
    assert (code, err) == (0, "")
    assert "2 components (agent, digits), no faults" in out


def test_its_agent_brings_what_a_device_installs_for_the_machines_that_were_asked_for(run: Run, tmp_path: Path) -> None:
    assert run("init", "one", "--platform", "linux_armv7l", "--platform", "manylinux_2_31_aarch64")[0] == 0
    build = agent_build(tmp_path / "one")
    assert build["platforms"] == ["linux_armv7l", "manylinux_2_31_aarch64"]
    assert build.get("wheels", True)
    # Without a word of them: what most fleets are.
    assert run("init", "two")[0] == 0
    assert agent_build(tmp_path / "two")["platforms"] == ["manylinux_2_28_aarch64", "manylinux_2_28_x86_64"]
    code, _, err = run("init", "three", "--platform", "raspberry")
    assert code == 2
    assert err.startswith("error: --platform: 'raspberry'")
    assert not (tmp_path / "three").exists()


def test_files_that_do_not_collide_stay_as_they_are(run: Run, tmp_path: Path) -> None:
    (tmp_path / "model_components/mine").mkdir(parents=True)
    (tmp_path / "model_components/mine/model.yaml").write_text("mine")
    (tmp_path / "LICENSE").write_text("mine")
    assert run("init")[0] == 0
    assert (tmp_path / "LICENSE").read_text() == (tmp_path / "model_components/mine/model.yaml").read_text() == "mine"
    assert run("validate")[0] == 0


@pytest.mark.parametrize("name", ["README.md", "model_components/digits/convert.py", "tools"])
def test_a_file_that_collides_is_named_and_nothing_is_written(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine")
    code, _, err = run("init")
    assert code == 2
    assert name in err
    assert "nothing is overwritten" in err
    assert files_in(tmp_path) == {name}
    assert (tmp_path / name).read_text() == "mine"


def test_run_twice_it_refuses_the_second_time(run: Run, tmp_path: Path) -> None:
    assert run("init", "new")[0] == 0
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in files_in(tmp_path)}
    assert run("init", "new")[0] == 2
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in files_in(tmp_path)} == before


def test_a_write_that_fails_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    contents = {PurePosixPath("a/b/one"): b"1", PurePosixPath("a/" + "x" * 300): b"a name that no disk takes"}
    with pytest.raises(WorkFailedError, match="nothing was left behind"):
        write_new(tmp_path / "new", contents)
    assert not list(tmp_path.iterdir())


def test_an_installed_distribution_carries_all_that_it_writes() -> None:
    """An installation has no checkout beside it: the example and the pins come along as the distribution's data."""
    repository = Path(__file__).parents[3]
    setuptools = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["setuptools"]
    carried = {
        f"{target.removeprefix('share/mlops-at-edge').lstrip('/')}/{path.name}".lstrip("/")
        for target, globs in setuptools["data-files"].items()
        for glob in globs
        for path in repository.glob(glob)
    }
    wanted = {path.as_posix() for path in repository_files() if path.parts[0] == "model_components"}
    locks = {path.relative_to(repository).as_posix() for path in repository.glob("requirements/*.txt")}
    assert carried == wanted | locks
    assert setuptools["package-data"]["cloud_publisher.initialising"] == ["templates/*"]
