"""What cannot be removed from its folder is not offered twice, over restarts too, and goes once it can."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.sources import folder as folder_module
from edge_agent.sources import removal
from edge_agent.sources.folder import ImageFolder
from shared_schema.settings import FolderSource

OpenFolder = Callable[..., ImageFolder]


@pytest.fixture
def open_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenFolder]:
    """Opens the folder ``in`` anew, as each process of the agent does. It is listed and tried again at every look."""
    monkeypatch.setattr(folder_module, "_LIST_AGAIN", 0.0)
    folders: list[ImageFolder] = []

    def start(**settings: object) -> ImageFolder:
        folder = ImageFolder(FolderSource.model_validate({"path": "in", **settings}), tmp_path)
        folder.start()
        folders.append(folder)
        return folder

    yield start
    for folder in folders:
        folder.stop()


@pytest.fixture
def images(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png", os.fsdecode(b"k\xfcche.png")):
        (tmp_path / "in" / name).write_bytes(name.encode("utf-8", "surrogateescape"))
    return tmp_path / "in"


@pytest.fixture
def read_only(images: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Makes ``unlink`` and ``rename`` fail in the folder, as on a read-only file system, or work again.

    No file system can be mounted here, and root may do all.
    """
    unlink, rename = os.unlink, os.rename
    is_read_only = False

    def check(path: object) -> None:
        if is_read_only and Path(str(path)).parent == images:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def checked_unlink(path: str) -> None:
        check(path)
        unlink(path)

    def checked_rename(path: str, to: str) -> None:
        check(path)
        rename(path, to)

    def switch(on: bool) -> None:
        nonlocal is_read_only
        is_read_only = on

    monkeypatch.setattr(os, "unlink", checked_unlink)
    monkeypatch.setattr(os, "rename", checked_rename)
    return switch


def used(folder: ImageFolder) -> list[str]:
    """All frames that the folder offers now, which are used up."""
    seen = []
    while (frame := folder.next(0.1)) is not None:
        seen.append(frame.name)
        folder.done(frame)
    return seen


ALL = ["a.png", "b.png", "k\\xfcche.png"]


@pytest.mark.parametrize("after", ["delete", "move"])
def test_no_frame_is_offered_twice_over_restarts_and_all_go_once_they_can(
    images: Path, open_folder: OpenFolder, read_only: Callable[[bool], None], after: str
) -> None:
    read_only(True)
    assert sorted(used(open_folder(after=after))) == ALL
    for _ in range(2):
        folder = open_folder(after=after)
        assert used(folder) == []
        assert folder.trouble == (
            f"{images} cannot be emptied (Read-only file system): let the agent's user write to it; "
            "what is left there is not predicted again"
        )
    read_only(False)
    folder = open_folder(after=after)
    assert used(folder) == []
    assert list(images.iterdir()) == []
    assert folder.trouble is None
    assert not list((images.parent / "state" / "not-removed").iterdir())
    moved = images.with_name("in.done")
    assert (len(list(moved.iterdir())) if moved.exists() else 0) == (3 if after == "move" else 0)


def test_what_was_set_aside_goes_there_once_it_can(
    images: Path, open_folder: OpenFolder, read_only: Callable[[bool], None]
) -> None:
    read_only(True)
    folder = open_folder()
    frame = folder.next(5)
    assert frame is not None
    folder.set_aside(frame, "it is no image")
    read_only(False)
    assert len(used(open_folder())) == 2
    assert [path.name for path in images.with_name("in.unreadable").iterdir()] == [frame.file]


def test_another_picture_that_takes_the_name_is_a_frame(
    images: Path, open_folder: OpenFolder, read_only: Callable[[bool], None]
) -> None:
    read_only(True)
    used(open_folder())
    (images / "a.png").write_bytes(b"other")
    assert used(open_folder()) == ["a.png"]
    assert used(open_folder()) == []


def test_a_frame_whose_folder_is_away_when_it_is_done_is_not_offered_again(
    images: Path, tmp_path: Path, open_folder: OpenFolder
) -> None:
    folder = open_folder()
    frame = folder.next(5)
    assert frame is not None
    # A mount that goes away leaves an empty folder under its name.
    images.rename(tmp_path / "away")
    images.mkdir()
    folder.done(frame)
    assert used(folder) == []
    folder = open_folder()
    assert used(folder) == []
    images.rmdir()
    (tmp_path / "away").rename(images)
    left = sorted({*ALL} - {frame.name})
    assert sorted(used(folder)) == left
    assert list(images.iterdir()) == []


def test_no_frame_is_taken_while_what_is_left_cannot_be_noted(
    images: Path, tmp_path: Path, open_folder: OpenFolder, read_only: Callable[[bool], None]
) -> None:
    read_only(True)
    (tmp_path / "state").write_text("a file where a folder should be")
    folder = open_folder()
    assert len(used(folder)) == 1
    assert "no frame is taken from it, since" in (folder.trouble or "")
    (tmp_path / "state").unlink()
    assert len(used(folder)) == 2
    assert used(open_folder()) == []


def test_no_frame_is_taken_while_too_many_are_left(
    images: Path, open_folder: OpenFolder, read_only: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "MOST", 2)
    read_only(True)
    folder = open_folder()
    assert len(used(folder)) == 2
    assert used(open_folder()) == []
    assert "since 2 are left in it" in (folder.trouble or "")
    read_only(False)
    assert len(used(folder)) == 1
    assert list(images.iterdir()) == []


def test_a_note_that_was_cut_off_is_read_as_far_as_it_goes(
    images: Path, tmp_path: Path, open_folder: OpenFolder, read_only: Callable[[bool], None]
) -> None:
    read_only(True)
    first, *_ = used(open_folder())
    (note,) = (tmp_path / "state" / "not-removed").iterdir()
    lines = note.read_bytes().splitlines(keepends=True)
    note.write_bytes(lines[0] + lines[1][:20])
    assert sorted(used(open_folder())) == sorted({*ALL} - {first})


def test_a_dropped_file_that_stays_is_dropped_once(
    images: Path, open_folder: OpenFolder, read_only: Callable[[bool], None]
) -> None:
    read_only(True)
    folder = open_folder(queue=1, drop="latest")
    assert len(used(folder)) == 1
    assert folder.dropped == 2
    assert used(folder) == []
    assert folder.dropped == 2


def test_no_copy_is_left_on_another_file_system(
    images: Path, open_folder: OpenFolder, read_only: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def across(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "rename", across)
    read_only(True)
    folder = open_folder(after="move")
    assert sorted(used(folder)) == ALL
    assert list(images.with_name("in.done").iterdir()) == []
    read_only(False)
    assert used(folder) == []
    assert list(images.iterdir()) == []
    assert len(list(images.with_name("in.done").iterdir())) == 3
