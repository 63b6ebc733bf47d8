"""A rehearsal empties the folder that it is given: only one that was a rehearsal's before, and that none runs in."""

import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.errors import WrongUse
from rehearsal.own_folder import own_folder

COMMAND = [sys.executable, "-m", "rehearsal"]


@pytest.mark.parametrize("command", ["run", "prove-policies"])
def test_files_of_others_are_left_and_named(tmp_path: Path, command: str) -> None:
    work = tmp_path / "thesis.tex"
    work.write_text("three years")
    done = subprocess.run(
        [*COMMAND, command, "--folder", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2, done.stderr
    assert f"{tmp_path} holds files that no rehearsal left there" in done.stderr
    assert "name another with --folder" in done.stderr
    assert work.read_text() == "three years"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for wrong in (file, file / "below"):
        with pytest.raises(WrongUse, match="is not a folder"), own_folder(wrong):
            pass


def test_a_folder_that_is_in_use_is_left_as_it_is_and_free_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "rehearsal"
    with own_folder(folder):
        (folder / "log").write_text("of the first")
        with pytest.raises(WrongUse, match="another rehearsal runs in"), own_folder(folder):
            pass
        assert (folder / "log").read_text() == "of the first"
    with own_folder(folder):
        assert not (folder / "log").exists()


def test_what_a_link_in_it_leads_to_is_not_touched(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    folder = tmp_path / "rehearsal"
    with own_folder(folder):
        (folder / "link").symlink_to(elsewhere)
    with own_folder(folder):
        assert not (folder / "link").is_symlink()
    assert (elsewhere / "kept").exists()
