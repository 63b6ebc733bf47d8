"""Whose a process is: which component's, and which device's.

A lite device reads a process's component from systemd's cgroups, which do not exist here. A process belongs to a
component's unit if it, or an ancestor, is a step of that component, or if its environment has a token that the nucleus
gave to that component: children of any user keep it, and orphans too. An orphan that has cleared its environment is not
found.

A component whose nucleus was killed runs on, as under AWS's own unit, until the whole device is stopped. Then systemd
kills it (``KillMode=mixed``). Here a variable in its environment tells which device a process belongs to; only root can
read this of other users' processes.
"""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from greengrass_emulator.nucleus.lifecycle.processes import DEVICE_MARK

_MOST_ANCESTORS = 100
_SECONDS_TO_KILL = 10.0
_POLL = 0.02
_TOKEN = re.compile(rb"(?:^|\0)SVCUID=([^\0]*)")


def component_of_process(
    pid: int, steps: Mapping[int, str], given: Callable[[str], str | None], proc: Path = Path("/proc")
) -> str | None:
    """Return the component of a process, or None. ``steps`` has the component of each step's living process.

    ``given`` returns the component to which a token was ever given.
    """
    for _ in range(_MOST_ANCESTORS):
        if pid in steps:
            return steps[pid]
        try:
            found = _TOKEN.search((proc / str(pid) / "environ").read_bytes())
            # The name, in parentheses, may have any character; the state and the parent follow it.
            parent = int((proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return None
        if found is not None and (component := given(found[1].decode(errors="replace"))) is not None:
            return component
        if parent <= 1:
            return None
        pid = parent
    return None


def kill_orphans(root: Path) -> None:
    """Kill every process that the components of an ended nucleus have left. Returns once there is none."""
    deadline = time.monotonic() + _SECONDS_TO_KILL
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
