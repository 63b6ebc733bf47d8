"""Components whose nucleus was killed: they go on, as under AWS's own unit, until the whole device is stopped.

systemd kills them then (``KillMode=mixed``). Here a process is a device's when its environment says so; of processes
of other users that is seen by root alone.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from greengrass_emulator.nucleus.lifecycle.processes import DEVICE_MARK

_SECONDS = 10.0
_POLL = 0.02


def kill_orphans(root: Path) -> None:
    """Kill every process that a device's components have left, for a nucleus that has ended. Returns when none is."""
    deadline = time.monotonic() + _SECONDS
    while (found := list(orphans(root))) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL)


def orphans(root: Path) -> Iterator[int]:
    """The process ids of all that components of this device have started, be their nucleus there or not."""
    mark = f"{DEVICE_MARK}={root.resolve()}".encode()
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            # One that has ended meanwhile has no environment, and of others' we may not know.
            with suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    yield int(process.name)
