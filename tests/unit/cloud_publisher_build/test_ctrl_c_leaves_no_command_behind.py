"""Ctrl-C ends a build's command wherever it falls: between any two lines of who starts, awaits and ends it."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from cloud_publisher.build import commands, interrupts
from cloud_publisher.build.commands import run_command
from cloud_publisher.errors import BuildFailedError

pytestmark = pytest.mark.usefixtures("ctrl_c_raises")
FILES = {commands.__file__, interrupts.__file__}


@contextmanager
def pressed_before_line(number: int) -> Iterator[list[FrameType]]:
    """Ctrl-C before the so-manieth line that this thread runs of the files above; holds its frame if it came so far."""
    passed, fell = 0, list[FrameType]()

    def look(frame: FrameType, event: str, _value: Any) -> Callable[..., Any] | None:
        nonlocal passed
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            passed += 1
            if passed == number:
                fell.append(frame)
                os.kill(os.getpid(), signal.SIGINT)
        return look

    former = sys.gettrace()
    sys.settrace(look)
    try:
        yield fell
    finally:
        sys.settrace(former)


@contextmanager
def pressed_as_the_process_is_there() -> Iterator[None]:
    def look(frame: FrameType, event: str, _value: Any) -> None:
        if event == "return" and frame.f_code is subprocess.Popen.__init__.__code__:
            os.kill(os.getpid(), signal.SIGINT)

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)


def run(script: str, mark: str, folder: Path, timeout: float = 60) -> None:
    """A command that has the mark as one of its words, and a child in the background that has it too."""
    words = ["sh", "-c", f"sh -c 'sleep 60; exit' {mark} >/dev/null 2>&1 & {script}", mark]
    run_command(words, folder=folder, environment=os.environ, timeout=timeout, on_line=lambda _line: None, whose="made")


def with_mark(mark: str) -> dict[int, str]:
    """The processes that have the mark among their words, by their ids."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if mark in words:
                found[int(process.name)] = " ".join(words)
    return found


def left_behind(mark: str) -> dict[int, str]:
    """What is there still when a process that was killed has had its time to go."""
    ends = time.monotonic() + 5
    while (found := with_mark(mark)) and time.monotonic() < ends:
        time.sleep(0.01)
    return found


@pytest.fixture
def mark() -> Iterator[str]:
    mark = f"mark-{uuid.uuid4()}"
    yield mark
    for process in with_mark(mark):
        os.kill(process, signal.SIGKILL)


def test_one_that_comes_as_the_process_is_there_ends_it(tmp_path: Path, mark: str) -> None:
    with pytest.raises(KeyboardInterrupt), pressed_as_the_process_is_there():
        run("sleep 60", mark, tmp_path)
    assert left_behind(mark) == {}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(("script", "timeout"), [("exit 0", 60), ("sleep 60", 0.01)], ids=["done", "out of time"])
def test_one_between_any_two_lines_leaves_nothing_behind(
    tmp_path: Path, mark: str, script: str, timeout: float
) -> None:
    number, fell = 0, [sys._getframe()]
    while fell:
        number += 1
        ended_by: type[BaseException] | None = None
        with pressed_before_line(number) as fell:
            try:
                run(script, mark, tmp_path, timeout)
            except (KeyboardInterrupt, BuildFailedError) as error:
                ended_by = type(error)
        where = f"line {number}, in {fell[0]}" if fell else "none"
        assert left_behind(mark) == {}, where
        assert (ended_by is KeyboardInterrupt) == bool(fell), where
    assert number > 30
