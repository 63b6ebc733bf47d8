"""Ctrl-C while a command runs in a session of its own, which the terminal's Ctrl-C does not reach.

Python may raise KeyboardInterrupt between any two instructions: also between a fork and the line that stores the
process, and while the process is being ended.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


class CtrlCHeldBack:
    """A context manager that holds Ctrl-C back: it is raised inside ``let_in``, or else at the end; once in all.

    For short work, and for work with deadlines, only. Does nothing in other threads than the main one, which Python
    never interrupts, or if Ctrl-C has no handler.
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
        """Within the body a Ctrl-C is raised at once, also one that was held back before."""
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
        # From now on held back again: a second Ctrl-C would interrupt the ending.
        self._held, self._late, self._raised = True, False, True
        raise KeyboardInterrupt
