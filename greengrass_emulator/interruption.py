"""Ctrl-C without lost interrupts and without lost processes.

Python raises KeyboardInterrupt between any two instructions. In a destructor it is only printed, and the program goes
on; between a fork and the line that stores the process, nobody would end the process.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


@contextmanager
def ctrl_c_held_back() -> Iterator[None]:
    """Hold back a Ctrl-C until the end of the block. For short work that must be whole, such as a process's start.

    Python interrupts only the main thread, so in other threads this does nothing.
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
    """Raises ``KeyboardInterrupt`` at Ctrl-C as usual, and remembers it. A context manager of the main thread.

    It is raised only once: a second Ctrl-C must not cut the shutdown short, which has deadlines.
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
        """Raise ``KeyboardInterrupt`` if an earlier one was lost. Called at each step."""
        if self._came.is_set():
            raise KeyboardInterrupt

    def _come(self, _number: int, _frame: FrameType | None) -> None:
        if not self._came.is_set():
            self._came.set()
            raise KeyboardInterrupt
