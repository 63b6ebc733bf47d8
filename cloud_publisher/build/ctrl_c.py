"""Ctrl-C while a command runs in a session of its own, which the terminal's Ctrl-C does not reach.

Python raises KeyboardInterrupt between any two instructions: also between a fork and the line that keeps the process,
and in the middle of the ending of it.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


class CtrlCHeldBack:
    """A context manager: what comes inside is raised where that is let, or else at the end.

    It is raised once. Held back is for short work, and for what has deadlines. In other threads than the main one,
    which Python never interrupts, and where Ctrl-C has no handler, nothing is changed.
    """

    def __init__(self) -> None:
        self._held = True
        self._late = self._raised = False
        former = signal.getsignal(signal.SIGINT)
        self._former = former if callable(former) and threading.current_thread() is threading.main_thread() else None

    def __enter__(self) -> "CtrlCHeldBack":
        if self._former is not None:
            signal.signal(signal.SIGINT, self._come)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._former is not None:
            signal.signal(signal.SIGINT, self._former)
            if self._late:
                self._former(signal.SIGINT, None)

    @contextmanager
    def let_in(self) -> Iterator[None]:
        """What comes in the body is raised at once, and what came before it too."""
        self._held = False
        if self._late:
            self._raise()
        try:
            yield
        finally:
            self._held = True

    def _come(self, _number: int, _frame: FrameType | None) -> None:
        if not self._held:
            self._raise()
        self._late = not self._raised

    def _raise(self) -> None:
        # Held back from the same moment on: whoever presses it again would cut the ending short.
        self._held, self._late, self._raised = True, False, True
        raise KeyboardInterrupt
