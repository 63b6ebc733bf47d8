"""The calls of Linux that Python does not offer: prctl(2), capset(2), and whatever else by its number."""

import ctypes
import os
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NAME: Final = 15
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION_3: Final = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def syscall(number: int, *arguments: object) -> int:
    """Call the kernel. Return what it returns; raises ``OSError`` if it refuses. Integers are passed as longs."""
    result: int = _libc.syscall(
        ctypes.c_long(number), *(ctypes.c_long(each) if isinstance(each, int) else each for each in arguments)
    )
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def die_with_parent(signal: int) -> None:
    """Get a signal when the thread that is our parent ends. It may have ended already: look at ``getppid`` again."""
    _prctl(_PR_SET_PDEATHSIG, signal)


def close_memory_to_others() -> None:
    """Let no process of the same user read or write our memory (ptrace(2), "Ptrace access mode checking")."""
    _prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans(adopt: bool) -> None:
    """Become the parent of descendants whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, int(adopt))


def gain_no_privileges() -> None:
    """Let no program that we start get more rights than we have: seccomp and Landlock ask for it."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def name_thread(name: str) -> None:
    """Set the name that ps and top show, 15 characters at most."""
    _libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def drop_capabilities(capset: int) -> None:
    """Give up every capability that root has over other users' files and processes. ``capset``: the call's number."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    syscall(capset, ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def out_of_memory_kills() -> int:
    """Return how many processes the kernel has ended so far because memory ran out; 0 if it does not tell."""
    try:
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0
