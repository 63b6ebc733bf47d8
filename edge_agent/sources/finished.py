"""Finds out whether a file is finished: no process has it open for writing any more."""

import errno
import fcntl
import os
import signal
import time
from pathlib import Path
from typing import Final

_SETTLED: Final = 2.0
"""Seconds without a write after which a file counts as finished if it cannot be leased."""


def is_finished(path: str | Path, *, moved_in: bool = False) -> bool:
    """Return whether nobody writes to the file, by asking the kernel for a read lease (fcntl(2), F_SETLEASE).

    A lease is refused while any process has the file open for writing. Another user's file, or one on a file system
    without leases, is judged by its age. If it was moved in, it counts as finished: files are moved for that reason.
    """
    try:
        descriptor = open_to_look(path)
    except OSError:
        return False
    try:
        return nobody_writes(descriptor, moved_in=moved_in)
    finally:
        os.close(descriptor)


def open_to_look(path: str | Path) -> int:
    """Open a file for reading, and never wait, whatever it is. Raises ``OSError``, for a link too."""
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)


def nobody_writes(descriptor: int, *, moved_in: bool = False) -> bool:
    """Return whether nobody writes to an open file. A new writer waits until the descriptor is closed.

    The kernel tells the lease's holder of that writer by SIGIO, which ends a process that has no handler for it
    (signal(7)); SIGURG, told instead, is ignored unless somebody asks for it.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            return False
        return moved_in or time.time() - os.fstat(descriptor).st_mtime > _SETTLED
    return True
