"""A Ctrl-C held back. Python raises KeyboardInterrupt between any two instructions: between a fork and the line that
stores the process, nobody would end the process.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


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
