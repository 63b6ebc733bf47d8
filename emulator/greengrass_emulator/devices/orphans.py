"""Components whose nucleus was killed: they run on, as under AWS's own unit, until the whole device is stopped.

Then systemd kills them (``KillMode=mixed``). Here a variable in its environment tells which device a process belongs
to; only root can read this of other users' processes.
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
    """Kill every process that the components of an ended nucleus have left. Returns once there is none."""
    deadline = time.monotonic() + _SECONDS
    while (found := list(orphans(root))) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL)


def orphans(root: Path) -> Iterator[int]:
    """Return the ids of all processes that this device's components have started, whether or not its nucleus runs."""
    mark = f"{DEVICE_MARK}={root.resolve()}".encode()
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            # A process that has ended has no environment, and other users' may not be readable.
            with suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    yield int(process.name)
