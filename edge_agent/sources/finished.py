"""Whether a file is finished: nobody has it open for writing any more."""

import errno
import fcntl
import os
import time
from pathlib import Path
from typing import Final

_SETTLED: Final = 2.0
"""Seconds without a write after which a file counts as finished where leases are not to be had."""


def is_finished(path: str | Path, *, moved_in: bool = False) -> bool:
    """Whether nobody writes to the file, found out by asking the kernel for a read lease (fcntl(2), F_SETLEASE).

    A lease is refused while any process has the file open for writing. Another user's file, or a file system without
    leases, is judged by its age; one that was moved in counts as finished, for that is why people move files.
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
    """A descriptor to read by; waits for nobody, whatever the path is. Raises ``OSError``, also for a link."""
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)


def nobody_writes(descriptor: int, *, moved_in: bool = False) -> bool:
    """`is_finished` of an open file. The lease ends with the descriptor: until then a writer waits."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            return False
        return moved_in or time.time() - os.fstat(descriptor).st_mtime > _SETTLED
    return True
