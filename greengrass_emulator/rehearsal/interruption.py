"""Ctrl-C that is not lost: Python prints a KeyboardInterrupt that falls into a destructor, and goes on."""

import signal
import threading
from types import FrameType, TracebackType


class Interruption:
    """Raises ``KeyboardInterrupt`` at Ctrl-C as ever, and remembers it. A context manager of the main thread."""

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
        self._came.set()
        raise KeyboardInterrupt
