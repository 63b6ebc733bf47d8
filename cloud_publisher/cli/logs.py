"""The program's own log, on standard error: one line an event, its values behind it as logfmt."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from logfmter import Logfmter


@contextmanager
def logging_to_stderr(level: int) -> Iterator[None]:
    """Have every logger write to standard error, and nowhere else, within the context."""
    handler = logging.StreamHandler(sys.stderr)
    names = {"at": "asctime", "level": "levelname", "logger": "name"}
    handler.setFormatter(Logfmter(keys=list(names), mapping=names))
    root = logging.getLogger()
    former = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(level)
    try:
        yield
    finally:
        root.handlers[:] = former[0]
        root.setLevel(former[1])
