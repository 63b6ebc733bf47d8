"""Only one agent uses a work folder: the lock, asking for the folder, and when its holder gives way."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.control.ending import GivingWay
from edge_agent.control.event_queue import EventQueue, Stop
from edge_agent.control.refusals import Refusals
from edge_agent.control.start import admitted
from edge_agent.control.timing import Bounds
from edge_agent.errors import NucleusAwayError, TokenRefusedError
from edge_agent.work_folder import WorkFolder

OTHER = """
import pathlib, sys, time
from edge_agent.work_folder import WorkFolder
folder = WorkFolder(pathlib.Path(sys.argv[1]))
print(folder.take() if sys.argv[2] == "take" else folder.ask(), flush=True)
time.sleep(60)
"""


@contextmanager
def another(folder: Path, does: str) -> Iterator[int]:
    """Another process that takes the folder, or asks for it, and stays; its number."""
    process = subprocess.Popen([sys.executable, "-c", OTHER, str(folder), does], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Link:
    """A nucleus that accepts, refuses, or is away."""

    connection = 0

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.connected = False
        self.tries = 0

    def connect(self) -> None:
        self.tries += 1
        if self.error is not None:
            raise self.error
        self.connected = True

    def close(self) -> None:
        self.connected = False


def test_the_folder_is_one_processs_until_that_ends_however_it_ends(tmp_path: Path) -> None:
    folder = WorkFolder(tmp_path)
    with another(tmp_path, "take") as holder:
        assert not folder.take()
        assert folder.holder() == holder
    # The kernel frees the lock of a killed process.
    assert folder.take()
    assert folder.take(), "it is ours already"


def test_a_child_that_lives_on_does_not_hold_the_folder(tmp_path: Path) -> None:
    script = (
        "import pathlib, subprocess, sys; from edge_agent.work_folder import WorkFolder\n"
        "assert WorkFolder(pathlib.Path(sys.argv[1])).take()\n"
        "print(subprocess.Popen(['sleep', '60'], stdout=-3, stderr=-3, close_fds=False).pid)"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    try:
        assert WorkFolder(tmp_path).take()
    finally:
        subprocess.run(["kill", ended.stdout.strip()], check=True)


def test_a_question_lasts_as_long_as_its_asker(tmp_path: Path) -> None:
    folder = WorkFolder(tmp_path)
    assert folder.take()
    assert not folder.asked()
    with another(tmp_path, "ask"), another(tmp_path, "ask"):
        assert folder.asked()
        assert folder.asked()
    # An asker that was killed leaves the file, and no question.
    assert not folder.asked()


def test_a_full_disk_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = WorkFolder(tmp_path)
    # A folder stands in the place of the note, which cannot be written then.
    (tmp_path / "agent.pid").mkdir()
    assert folder.take()
    assert folder.holder() is None
    assert not folder.asked()


def test_the_holder_goes_only_without_a_nucleus_and_when_it_is_asked() -> None:
    asks: list[bool] = []

    def going(asked: bool) -> GivingWay:
        def ask() -> bool:
            asks.append(asked)
            return asked

        return GivingWay(15.0, ask)

    wanted, left_alone = going(asked=True), going(asked=False)
    assert not any(wanted.due(now, connected=True) for now in (0.0, 100.0))
    assert not wanted.due(100.0, connected=False)
    assert not wanted.due(114.9, connected=False)
    assert asks == [], "nobody is asked for before it counts"
    assert wanted.due(115.0, connected=False)
    # After a restart of ggipcd the connection comes back, and the time begins again.
    assert not wanted.due(115.0, connected=True)
    assert not wanted.due(116.0, connected=False)
    assert not any(left_alone.due(now, connected=False) for now in (0.0, 15.0, 1e6))


def test_who_waits_in_vain_ends_with_1_and_who_is_told_to_end_ends(tmp_path: Path) -> None:
    bounds = Bounds(folder=0.3)
    with another(tmp_path, "take"):
        folder = WorkFolder(tmp_path)
        assert admitted(Link(), EventQueue(), folder, Refusals(tmp_path, bounds), bounds) == 1
        event_queue = EventQueue()
        event_queue.put_surely(Stop(15))
        assert admitted(Link(), event_queue, folder, Refusals(tmp_path, Bounds()), Bounds()) == 143


def test_the_folder_is_asked_for_only_with_a_nucleus_that_accepts(tmp_path: Path) -> None:
    holder = WorkFolder(tmp_path)
    assert holder.take()
    event_queue = EventQueue()
    event_queue.put_surely(Stop(15))
    link = Link(NucleusAwayError("away"))
    asking = WorkFolder(tmp_path)
    assert admitted(link, event_queue, asking, Refusals(tmp_path, Bounds()), Bounds()) == 143
    assert link.tries == 1
    assert not holder.asked()


def test_a_token_that_is_refused_for_long_ends_the_agent_once_an_hour(tmp_path: Path) -> None:
    wall = [time.time()]
    bounds = Bounds(refused=300.0)
    refusals = Refusals(tmp_path, bounds, lambda: wall[0])
    assert not refusals.refused(0.0)
    assert not refusals.refused(299.0)
    refusals.accepted()
    assert not refusals.refused(300.0), "it was accepted between"
    assert refusals.refused(600.0)
    again = Refusals(tmp_path, bounds, lambda: wall[0])
    assert not any(again.refused(now) for now in (0.0, 300.0, 3000.0)), "the nucleus would break the component"
    wall[0] += 3601
    assert again.refused(3601.0)


def test_an_agent_that_is_refused_at_its_start_ends_with_1(tmp_path: Path) -> None:
    bounds = Bounds(refused=0.0)
    link = Link(TokenRefusedError("refused"))
    assert admitted(link, EventQueue(), WorkFolder(tmp_path), Refusals(tmp_path, bounds), bounds) == 1
