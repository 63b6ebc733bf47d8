"""Ctrl-C and SIGTERM while a command runs in a session of its own, which neither reaches.

Python runs their handlers between any two instructions: also between a fork and the line that stores the process, and
while the process is being ended.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_Handler = Callable[[int, FrameType | None], object]


class InterruptsHeldBack:
    """A context manager that holds both back: the handler runs inside ``let_in``, or else at the end; once in all.

    For short work, and for work with deadlines, only. Does nothing in other threads than the main one, which Python
    never interrupts, and for a signal that has no handler.
    """

    def __init__(self) -> None:
        self._held = True
        self._handled = False
        self._late: int | None = None
        self._former: dict[int, _Handler] = {}
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in _SIGNALS}
            self._former = {number: handler for number, handler in handlers.items() if callable(handler)}

    def __enter__(self) -> "InterruptsHeldBack":
        for number in self._former:
            signal.signal(number, self._come)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        if self._late is not None:
            self._former[self._late](self._late, None)

    @contextmanager
    def let_in(self) -> Iterator[None]:
        """Within the body an interrupt is handled at once, also one that was held back before."""
        self._held = False
        if self._late is not None:
            self._handle(self._late)
        try:
            yield
        finally:
            self._held = True

    def _come(self, number: int, _frame: FrameType | None) -> None:
        if not self._held:
            self._handle(number)
        elif not self._handled:
            self._late = number

    def _handle(self, number: int) -> None:
        # From now on held back again: a second one would interrupt the ending.
        self._held, self._late, self._handled = True, None, True
        self._former[number](number, None)
