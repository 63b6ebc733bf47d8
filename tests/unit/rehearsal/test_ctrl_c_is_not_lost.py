"""Ctrl-C ends a rehearsal wherever it falls."""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from greengrass_emulator.interruption import ctrl_c_held_back

from rehearsal.cli.run import Interruption

pytestmark = pytest.mark.usefixtures("ctrl_c_raises")


class _InterruptedWhenItGoes:
    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        # Python looks for signals between two of its instructions.
        sum(range(10))


def test_a_ctrl_c_in_a_destructor_is_raised_at_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: lost.append(found.exc_type))
    with Interruption() as interruption:
        interruption.check()
        _InterruptedWhenItGoes()
        assert lost == [KeyboardInterrupt]
        with pytest.raises(KeyboardInterrupt):
            interruption.check()


def test_a_ctrl_c_outside_a_destructor_is_raised_at_once_and_the_former_handler_is_restored() -> None:
    former = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interruption():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is former


def _begin(begun: list[str]) -> None:
    signal.raise_signal(signal.SIGINT)
    begun.append("device")


def _begin_held_back(begun: list[str]) -> None:
    with ctrl_c_held_back():
        _begin(begun)


def _work_and_end(ended: list[str]) -> None:
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        _begin(ended)


def test_a_second_ctrl_c_does_not_cut_the_shutdown_short() -> None:
    ended: list[str] = []
    with Interruption(), pytest.raises(KeyboardInterrupt):
        _work_and_end(ended)
    assert ended == ["device"]


def test_what_is_begun_while_one_comes_is_known_to_who_ends_it() -> None:
    begun: list[str] = []
    with Interruption(), pytest.raises(KeyboardInterrupt):
        _begin_held_back(begun)
    assert begun == ["device"]


def test_a_ctrl_c_that_was_held_back_is_raised_after_the_block() -> None:
    begun: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        _begin_held_back(begun)
    assert begun == ["device"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_in_another_thread_no_ctrl_c_is_held_back() -> None:
    def begin() -> str:
        with ctrl_c_held_back():
            return "device"

    with ThreadPoolExecutor(max_workers=1) as pool:
        assert pool.submit(begin).result(timeout=5) == "device"
