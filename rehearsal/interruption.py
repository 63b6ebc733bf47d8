"""A Ctrl-C that is not lost: in a destructor, Python only prints KeyboardInterrupt, and the program goes on."""

import signal
import threading
from types import FrameType, TracebackType


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
