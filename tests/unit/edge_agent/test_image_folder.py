"""The folder as a source: finished files only, none twice, none lost."""

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.sources.folder import ImageFolder
from edge_agent.sources.source import Offered
from shared_schema.settings import FolderSource

OpenFolder = Callable[..., ImageFolder]


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[OpenFolder]:
    folders: list[ImageFolder] = []

    def start(**settings: object) -> ImageFolder:
        folder = ImageFolder(FolderSource.model_validate({"path": "in", **settings}), tmp_path)
        folder.start()
        folders.append(folder)
        return folder

    yield start
    for folder in folders:
        folder.stop()


def take(folder: ImageFolder) -> Offered:
    """The next frame, which is still to be ended."""
    frame = folder.next(5.0)
    assert frame is not None
    return frame


def used(folder: ImageFolder) -> str:
    """The name of the next frame, which is used up."""
    frame = take(folder)
    folder.done(frame)
    return frame.name


def test_what_was_there_at_the_start_is_offered_oldest_first(tmp_path: Path, open_folder: OpenFolder) -> None:
    (tmp_path / "in").mkdir()
    for name in ("b.png", "a.png"):
        (tmp_path / "in" / name).write_bytes(b"image")
        time.sleep(0.02)
    folder = open_folder()
    assert [used(folder), used(folder)] == ["b.png", "a.png"]
    assert folder.next(0.05) is None


def test_a_file_is_offered_once_it_is_closed(tmp_path: Path, open_folder: OpenFolder) -> None:
    folder = open_folder()
    with (tmp_path / "in" / "slow.png").open("wb") as stream:
        stream.write(b"half")
        stream.flush()
        assert folder.next(0.7) is None
        stream.write(b"whole")
    frame = take(folder)
    assert frame.content == b"halfwhole"
    folder.done(frame)
    assert folder.next(0.05) is None
    assert not (tmp_path / "in" / frame.name).exists()


def test_a_half_written_file_at_the_start_is_waited_for(tmp_path: Path, open_folder: OpenFolder) -> None:
    (tmp_path / "in").mkdir()
    with (tmp_path / "in" / "slow.png").open("wb") as stream:
        stream.write(b"half")
        stream.flush()
        folder = open_folder()
        assert folder.next(0.2) is None
    assert used(folder) == "slow.png"


def test_files_that_are_moved_in_are_offered_and_dotted_ones_are_not(tmp_path: Path, open_folder: OpenFolder) -> None:
    folder = open_folder()
    (tmp_path / "elsewhere.png").write_bytes(b"image")
    (tmp_path / "in" / ".hidden.png").write_bytes(b"image")
    shutil.move(tmp_path / "elsewhere.png", tmp_path / "in" / "a.png")
    assert used(folder) == "a.png"
    (tmp_path / "in" / ".hidden.png").rename(tmp_path / "in" / "b.png")
    assert used(folder) == "b.png"


_WITHOUT_LEASES = """
import sys
from pathlib import Path
from edge_agent.sources.folder import ImageFolder
from shared_schema.settings import FolderSource
folder = ImageFolder(FolderSource(path="in"), Path(sys.argv[1]))
folder.start()
print("watching", flush=True)
frame = folder.next(8.0)
print(frame.name if frame else "", flush=True)
folder.stop()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_another_users_file_that_is_moved_in_is_finished(tmp_path: Path) -> None:
    # Root may take leases of anybody's file unless it is without that capability, as the agent's own user is.
    folder = tmp_path / "in"
    folder.mkdir()
    command = ["setpriv", "--bounding-set=-lease", sys.executable, "-c", _WITHOUT_LEASES, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        assert agent.stdout.readline() == "watching\n"
        (tmp_path / "moved.png").write_bytes(b"image")
        # By its age it is never finished: it was last written an hour from now.
        os.utime(tmp_path / "moved.png", (time.time() + 3600,) * 2)
        os.chown(tmp_path / "moved.png", 12345, 12345)
        (tmp_path / "moved.png").rename(folder / "moved.png")
        assert agent.stdout.readline() == "moved.png\n"
        assert agent.wait(30) == 0


def test_more_files_than_the_queue_holds_are_all_offered_once(tmp_path: Path, open_folder: OpenFolder) -> None:
    folder = open_folder(queue=3)
    names = {f"{number:03}.png" for number in range(40)}
    for name in names:
        (tmp_path / "in" / name).write_bytes(b"image")
    seen = []
    while (frame := folder.next(0.5)) is not None:
        seen.append(frame.name)
        folder.done(frame)
    assert sorted(seen) == sorted(names)
    assert folder.dropped == 0


def test_a_folder_longer_than_one_listing_is_offered_whole_and_the_oldest_first(
    tmp_path: Path, open_folder: OpenFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.sources.folder._LISTED", 4)
    (tmp_path / "in").mkdir()
    for number in range(11):
        path = tmp_path / "in" / f"{10 - number:02}.png"
        path.write_bytes(b"image")
        os.utime(path, (number, number))
    folder = open_folder(queue=2)
    assert [used(folder) for _ in range(11)] == [f"{10 - number:02}.png" for number in range(11)]
    assert folder.next(0.05) is None


def test_a_half_written_file_in_a_long_listing_holds_nothing_up(tmp_path: Path, open_folder: OpenFolder) -> None:
    (tmp_path / "in").mkdir()
    with (tmp_path / "in" / "slow.png").open("wb") as stream:
        stream.write(b"half")
        stream.flush()
        for name in ("a.png", "b.png"):
            (tmp_path / "in" / name).write_bytes(b"image")
        folder = open_folder()
        assert {used(folder), used(folder)} == {"a.png", "b.png"}
    assert used(folder) == "slow.png"


def test_with_latest_the_oldest_are_dropped_and_counted(tmp_path: Path, open_folder: OpenFolder) -> None:
    (tmp_path / "in").mkdir()
    for number in range(10):
        (tmp_path / "in" / f"{number}.png").write_bytes(b"image")
        time.sleep(0.01)
    folder = open_folder(queue=2, drop="latest")
    assert [used(folder), used(folder)] == ["8.png", "9.png"]
    assert folder.dropped == 8


def test_images_are_moved_where_that_is_asked_for(tmp_path: Path, open_folder: OpenFolder) -> None:
    folder = open_folder(after="move")
    for content in (b"first", b"second"):
        (tmp_path / "in" / "a.png").write_bytes(content)
        folder.done(take(folder))
    done = tmp_path / "in.done"
    assert {path.name: path.read_bytes() for path in done.iterdir()} == {"a.png": b"first", "a.1.png": b"second"}


def test_a_name_of_the_greatest_length_is_moved_where_its_place_is_taken(
    tmp_path: Path, open_folder: OpenFolder
) -> None:
    folder, name = open_folder(after="move"), "ä" * 125 + "a.png"
    for content in (b"first", b"second"):
        (tmp_path / "in" / name).write_bytes(content)
        folder.done(take(folder))
    assert folder.trouble is None
    assert {path.read_bytes() for path in (tmp_path / "in.done").iterdir()} == {b"first", b"second"}


def test_what_cannot_be_read_is_set_aside(tmp_path: Path, open_folder: OpenFolder) -> None:
    folder = open_folder()
    (tmp_path / "in" / "a.png").write_bytes(b"text")
    folder.set_aside(take(folder), "it is no image")
    assert (tmp_path / "in.unreadable" / "a.png").read_bytes() == b"text"
    assert list((tmp_path / "in").iterdir()) == []


def test_what_could_not_be_removed_is_not_offered_again_until_it_is_another_file(
    tmp_path: Path, open_folder: OpenFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(_: str) -> None:
        raise OSError(errno.EROFS, "read-only file system")

    folder, image = open_folder(), tmp_path / "in" / "a.png"
    image.write_bytes(b"first")
    frame = take(folder)
    # No file system can be mounted here.
    monkeypatch.setattr(os, "unlink", read_only)
    folder.done(frame)
    # Closed after a write that wrote nothing: the kernel tells of it, and it is the same file.
    image.open("ab").close()
    assert folder.next(0.5) is None
    monkeypatch.undo()
    image.write_bytes(b"second")
    assert take(folder).content == b"second"


def test_an_image_that_takes_a_name_anew_is_a_frame_of_its_own(tmp_path: Path, open_folder: OpenFolder) -> None:
    folder = open_folder()
    (tmp_path / "in" / "a.png").write_bytes(b"first")
    frame = take(folder)
    (tmp_path / "in" / ".a.png").write_bytes(b"second")
    (tmp_path / "in" / ".a.png").rename(tmp_path / "in" / "a.png")
    folder.done(frame)
    again = take(folder)
    assert again.content == b"second"
    folder.done(again)
    assert folder.next(0.05) is None


def test_a_frame_that_was_given_back_is_offered_again(tmp_path: Path, open_folder: OpenFolder) -> None:
    folder = open_folder()
    (tmp_path / "in" / "a.png").write_bytes(b"image")
    frame = take(folder)
    folder.give_back(frame)
    assert take(folder) == frame


def test_folders_and_links_are_no_images(tmp_path: Path, open_folder: OpenFolder) -> None:
    folder = open_folder()
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "in" / "inner").mkdir()
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "secret")
    assert folder.next(0.3) is None
    assert (tmp_path / "secret").exists()


A_WRITER_COMES = """\
import os, sys
from edge_agent.sources.finished import nobody_writes, open_to_look
looking = open_to_look(sys.argv[1])
assert nobody_writes(looking)
if (writer := os.fork()) == 0:
    try:
        os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
    except BlockingIOError:
        os._exit(0)
    os._exit(1)
assert os.waitpid(writer, 0)[1] == 0
print("lives")
"""


def test_a_writer_who_comes_while_a_file_is_looked_at_does_not_end_the_agent(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"a")
    command = [sys.executable, "-c", A_WRITER_COMES, str(tmp_path / "a.png")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "lives\n"), done.stderr
