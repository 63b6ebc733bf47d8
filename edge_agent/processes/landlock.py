"""Landlock: a process may read below some folders, and reach no other file, port, or process (landlock(7)).

Kernels have it from 5.13 on, and only if it is turned on; each newer version (ABI) can forbid more.
"""

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from edge_agent.processes.linux import syscall

_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_OF_FILES: Final = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
"""From which ABI on which kinds of access can be forbidden."""
_PORTS: Final = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS: Final = 0b11


def allow_reading(paths: Iterable[Path], numbers: Mapping[str, int]) -> int:
    """Forbid the calling thread everything that Landlock can forbid, but reading below ``paths``; for good.

    A path that is not there is left out. Return the kernel's ABI. Raises ``OSError`` if it has no Landlock.
    """
    abi = syscall(numbers["landlock_create_ruleset"], None, 0, _VERSION)
    forbidden = sum(access for since, access in _OF_FILES if abi >= since)
    attributes = struct.pack("Q", forbidden)
    if abi >= 4:
        attributes += struct.pack("Q", _PORTS)
    if abi >= 6:
        attributes += struct.pack("Q", _ABSTRACT_SOCKETS_AND_SIGNALS)
    rules = syscall(numbers["landlock_create_ruleset"], ctypes.c_char_p(attributes), len(attributes), 0)
    try:
        for path in paths:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                _allow(path, rules, numbers)
        syscall(numbers["landlock_restrict_self"], rules, 0)
    finally:
        os.close(rules)
    return abi


def _allow(path: Path, rules: int, numbers: Mapping[str, int]) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        access = _READ_FILE | _READ_DIR if path.is_dir() else _READ_FILE
        rule = struct.pack("=Qi", access, place)
        syscall(numbers["landlock_add_rule"], rules, _PATH_BENEATH, ctypes.c_char_p(rule), 0)
    finally:
        os.close(place)
