"""Faults of a device: power cut, full disk, turned clock, cut IPC, restarted daemon.

All of them are caused from outside the nucleus. A full disk is a file size limit of the nucleus's process, and of what
it starts afterwards. The error is EFBIG, not ENOSPC as on a full disk, and SIGXFSZ ends a program that does not ignore
it.
"""

import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

from greengrass_emulator.durable import write_whole
from greengrass_emulator.errors import NucleusError, WrongUse
from greengrass_emulator.nucleus.clock import clock_file, written_ahead
from greengrass_emulator.nucleus.daemons import DaemonName, Restarted, read_restarts, restarts_file, written_restarts
from greengrass_emulator.nucleus.ipc.admission import cut_file, read_cut, written_cut
from greengrass_emulator.nucleus.lifecycle.process_owners import kill_orphans
from greengrass_emulator.nucleus.status_file import NucleusStatus, read_status

_FARTHEST = 20 * 365 * 86_400.0
_TURN_SECONDS = 30.0
_CUT_SECONDS = 30.0
_RESTART_SECONDS = 30.0
_REBOOT_SECONDS = 60.0
_POLL = 0.02
FULL_BEYOND = 65_536
"""The file size limit in bytes on a full disk: logs and state fit for a while, artifacts do not."""


def kill_nucleus(root: Path) -> NucleusStatus:
    """Kill the nucleus that serves a root folder; classic's components go on. Raises ``NucleusError``."""
    status = _running(root)
    os.kill(status.pid, signal.SIGKILL)
    return status


def cut_power(root: Path) -> NucleusStatus:
    """Kill the nucleus that serves a root folder with all that it started. Raises ``NucleusError``."""
    status = kill_nucleus(root)
    kill_orphans(root)
    return status


def fill_disk(root: Path, beyond: int = FULL_BEYOND) -> NucleusStatus:
    """Limit the device's files to so many bytes. Raises ``NucleusError``."""
    status = _running(root)
    _, hard = resource.prlimit(status.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(status.pid, resource.RLIMIT_FSIZE, (beyond, hard))
    return status


def free_disk(root: Path) -> NucleusStatus:
    """Undoes ``fill_disk`` for the nucleus and what it starts from now on. Raises ``NucleusError``."""
    status = _running(root)
    _, hard = resource.prlimit(status.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(status.pid, resource.RLIMIT_FSIZE, (hard, hard))
    return status


def turn_device_clock(root: Path, seconds: float) -> NucleusStatus:
    """Turn the device's clock forward, and return once its nucleus uses it. Raises ``NucleusError``.

    All that its nucleus waits for until then is due at once. The clock stays turned after a restart.
    """
    if not 0 <= seconds <= _FARTHEST:
        raise WrongUse(
            f"a device's clock can be turned forward only, and not by {seconds:g} s", f"give 0 to {_FARTHEST:g} seconds"
        )
    status = _running(root)
    ahead = status.clock_ahead + seconds
    write_whole(clock_file(root), written_ahead(ahead))
    os.kill(status.pid, signal.SIGUSR1)
    return _until(root, lambda now: now.clock_ahead >= ahead, "looked at its clock", _TURN_SECONDS)


def cut_ipc(root: Path, component: str) -> NucleusStatus:
    """Close a component's IPC connections, and refuse new ones until ``mend_ipc``, also after a nucleus's restart.

    The component goes on running, and others keep their IPC. Returns once it is done. Raises ``NucleusError``, and
    ``WrongUse`` for a component that is not on the device.
    """
    status = _running(root)
    if component not in status.components:
        there = ", ".join(sorted(status.components)) or "none"
        raise WrongUse(f"{component} is not a component of {status.thing}", f"name one that is there: {there}")
    return _cut(root, read_cut(cut_file(root)) | {component})


def mend_ipc(root: Path, component: str) -> NucleusStatus:
    """Undo ``cut_ipc``: the component can connect again. Raises ``NucleusError``."""
    return _cut(root, read_cut(cut_file(root)) - {component})


def restart_daemon(root: Path, daemon: DaemonName) -> NucleusStatus:
    """Restart one of a lite device's daemons, which then has lost its memory.

    Returns once it is done; a ggipcd accepts connections a second later. Raises ``NucleusError``, and ``WrongUse`` for
    a device that runs classic.
    """
    status = _running(root)
    if status.runtime != "lite":
        raise WrongUse(f"{status.thing} runs {status.runtime}, which is one process", "only lite has daemons")
    number = _restart(root, status, daemon)
    return _until(
        root, lambda now: now.daemon_restarts.get(daemon, 0) >= number, "restarted its daemon", _RESTART_SECONDS
    )


def reboot(root: Path) -> NucleusStatus:
    """Restart a device: everything on it ends, and what starts by itself starts again. Its disk stays as it is.

    Returns once its nucleus runs again, as the same process. Raises ``NucleusError``.
    """
    status = _running(root)
    _restart(root, status, "device")
    deadline = time.monotonic() + _REBOOT_SECONDS
    while time.monotonic() < deadline:
        now = read_status(root)
        if now is not None and now.boot != status.boot:
            return now
        time.sleep(_POLL)
    raise NucleusError(f"{root}: the device has not come back within {_REBOOT_SECONDS:g} s", "see its nucleus.out")


def _restart(root: Path, status: NucleusStatus, what: Restarted) -> int:
    wanted = read_restarts(restarts_file(root))
    number = wanted[what] = wanted.get(what, 0) + 1
    write_whole(restarts_file(root), written_restarts(wanted))
    os.kill(status.pid, signal.SIGUSR2)
    return number


def _cut(root: Path, components: frozenset[str]) -> NucleusStatus:
    status = _running(root)
    write_whole(cut_file(root), written_cut(components))
    os.kill(status.pid, signal.SIGUSR2)
    return _until(root, lambda now: now.ipc_cut == components, "looked at whose IPC is cut", _CUT_SECONDS)


def _until(root: Path, is_so: Callable[[NucleusStatus], bool], what: str, seconds: float) -> NucleusStatus:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = _running(root)
        if is_so(status):
            return status
        time.sleep(_POLL)
    raise NucleusError(f"{root}: the nucleus has not {what} within {seconds:g} s", f"see {root / 'logs'}")


def _running(root: Path) -> NucleusStatus:
    status = read_status(root)
    # A killed nucleus leaves its status file, and another process may have its id by now.
    command = Path(f"/proc/{status.pid}/cmdline") if status else None
    if status is None or command is None or not command.exists() or b"greengrass_emulator" not in command.read_bytes():
        raise NucleusError(f"{root}: no nucleus runs here", "start one with `greengrass-emulator nucleus`")
    return status
