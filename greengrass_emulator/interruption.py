"""Ctrl-C that is neither lost nor in the way: what was started is known to who ends it before it is raised.

Python raises KeyboardInterrupt between any two instructions. In a destructor it is printed, and the program goes on;
between a fork and the line that keeps the process, the process is nobody's.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


@contextmanager
def ctrl_c_held_back() -> Iterator[None]:
    """A Ctrl-C that comes inside is acted on at the end. For short work that must be whole, such as a process's start.

    Other threads than the main one are never interrupted, so nothing is held back there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[FrameType | None] = []
    former = signal.signal(signal.SIGINT, lambda _number, frame: came.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
        if came and callable(former):
            former(signal.SIGINT, came[0])


class Interruption:
    """Raises ``KeyboardInterrupt`` at Ctrl-C as ever, and remembers it. A context manager of the main thread.

    It is raised once: whoever presses it again while everything is being ended, with deadlines, would cut that short.
    """

    def __init__(self) -> None:
        self._came = threading.Event()

    def __enter__(self) -> "Interruption":
        self._former = signal.signal(signal.SIGINT, self._come)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._former)

    def check(self) -> None:
        """Raises ``KeyboardInterrupt`` if one came that was lost. To be called at each step."""
        if self._came.is_set():
            raise KeyboardInterrupt

    def _come(self, _number: int, _frame: FrameType | None) -> None:
        if not self._came.is_set():
            self._came.set()
            raise KeyboardInterrupt
