"""What a rehearsed pipeline gets of a repository: what a commit would hold, and nothing of a rehearsal."""

import subprocess
from pathlib import Path

import pytest

from rehearsal.own_folder import own_folder
from rehearsal.source_files import copy_source

FILES = ("greengrass-config.yml", "Größe & Maß/model.yaml", "app/versions/__init__.py", "dist/release.json")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "team"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def copied(repository: Path) -> set[str]:
    """The files that the pipeline gets while a rehearsal runs in a folder of the repository."""
    target = repository.parent / "copy"
    with own_folder(repository / "out"):
        (repository / "out/devices").mkdir()
        (repository / "out/devices/log").touch()
        copy_source(repository, target)
    return {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}


def test_of_a_plain_folder_all_but_what_builds_and_rehearsals_leave(repository: Path) -> None:
    assert copied(repository) == {*FILES} - {"dist/release.json"}


def test_of_a_git_repository_what_git_does_not_ignore(repository: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    (repository / ".gitignore").write_text("/dist/\n*.log\n")
    (repository / "big.log").touch()
    assert copied(repository) == {*FILES, ".gitignore"} - {"dist/release.json"}
