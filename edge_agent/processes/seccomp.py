"""A seccomp filter for a process that runs untrusted models: the calls that it needs for nothing are refused.

A refused call fails with EPERM, so that a library that tries it goes on. The filter is written here, and not by
libseccomp: its Python bindings need a shared library that devices may lack, and a device installs wheels only.

What stands in a pointer cannot be looked at (seccomp(2), "Description"): ``clone3`` and ``openat2`` are answered with
ENOSYS, whereupon glibc calls ``clone`` and ``openat``.
"""

import ctypes
import errno
import os
import struct
from typing import Final

from edge_agent.processes.linux import syscall
from edge_agent.processes.syscall_numbers import JAILING, LOOKED_INTO, REFUSED, numbers_of

_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""``AUDIT_ARCH_*``: a 32-bit program on the same kernel has other numbers."""
_X32: Final = 0x40000000
_SET_MODE_FILTER: Final = 1
_TSYNC: Final = 1
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in ``struct seccomp_data``; an argument has 8 bytes, of which these machines keep the low 4 first."""
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_CLONE_THREAD: Final = 0x00010000
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15
_FIOSETOWN, _SIOCSPGRP, _TIOCSTI = 0x8901, 0x8902, 0x5412

Line = tuple[int, int, int, int]
"""Of a filter: code, jump if true, jump if false, value."""


def refuse_calls(machine: str) -> None:
    """Put the filter on all threads of the process, for good. They must have given up gaining privileges.

    Raises ``OSError`` if the kernel has no seccomp, and ``ValueError`` for a machine that is not known.
    """
    lines = filter_lines(machine, os.getpid())
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(code)))
    number = numbers_of(JAILING, machine)["seccomp"]
    syscall(number, _SET_MODE_FILTER, _TSYNC, ctypes.byref(program))


def filter_lines(machine: str, pid: int) -> list[Line]:
    """Return the filter's lines for a process: pure."""
    lines: list[Line] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        _refuse(),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        lines += [(_AT_LEAST, 0, 1, _X32), _refuse()]
    for number in numbers_of(REFUSED, machine).values():
        lines += [(_EQUAL, 0, 1, number), _refuse()]
    looked_into = numbers_of(LOOKED_INTO, machine)
    rules = {
        "clone3": [_refuse(errno.ENOSYS)],
        "openat2": [_refuse(errno.ENOSYS)],
        # Threads, and no processes.
        "clone": _refuse_unless(0, _ANY_BIT, _CLONE_THREAD),
        "open": _refuse_if(1, _ANY_BIT, _WRITING),
        "openat": _refuse_if(2, _ANY_BIT, _WRITING),
        # Signals to ourselves alone: abort(3) and raise(3) are such.
        "kill": _refuse_unless(0, _EQUAL, pid),
        "tgkill": _refuse_unless(0, _EQUAL, pid),
        # These let the kernel send a signal to somebody else when a descriptor gets ready (fcntl(2), "F_SETSIG").
        "fcntl": _refuse_if(1, _EQUAL, _F_SETOWN, _F_SETSIG, _F_SETOWN_EX),
        "ioctl": _refuse_if(1, _EQUAL, _FIOSETOWN, _SIOCSPGRP, _TIOCSTI),
        # Of ourselves only.
        "prlimit64": _refuse_unless(0, _EQUAL, 0),
        "sched_setaffinity": _refuse_unless(0, _EQUAL, 0),
        "setpriority": _refuse_unless(1, _EQUAL, 0),
    }
    for name, number in looked_into.items():
        lines += [(_EQUAL, 0, len(rules[name]), number), *rules[name]]
    return [*lines, (_RETURN, 0, 0, _ALLOW)]


def _refuse(number: int = errno.EPERM) -> Line:
    return _RETURN, 0, 0, _ERRNO | number


def _load(argument: int) -> Line:
    return _LOAD, 0, 0, _ARGUMENTS + 8 * argument


def _refuse_unless(argument: int, test: int, value: int) -> list[Line]:
    return [_load(argument), (test, 1, 0, value), _refuse(), (_RETURN, 0, 0, _ALLOW)]


def _refuse_if(argument: int, test: int, *values: int) -> list[Line]:
    tests = [line for value in values for line in ((test, 0, 1, value), _refuse())]
    return [_load(argument), *tests, (_RETURN, 0, 0, _ALLOW)]
