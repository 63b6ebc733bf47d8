"""Ctrl-C ends a rehearsal wherever it falls."""

import os
import signal
import sys

import pytest

from greengrass_emulator.rehearsal.interruption import Interruption


class _InterruptedWhenItGoes:
    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        # Python looks for signals between two of its instructions.
        sum(range(10))


def test_one_in_a_destructor_is_raised_at_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: lost.append(found.exc_type))
    with Interruption() as interruption:
        interruption.check()
        _InterruptedWhenItGoes()
        assert lost == [KeyboardInterrupt]
        with pytest.raises(KeyboardInterrupt):
            interruption.check()


def test_one_elsewhere_is_raised_at_once_and_the_former_handler_is_back_afterwards() -> None:
    former = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interruption():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is former
