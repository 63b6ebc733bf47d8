"""The limits that the vetting child puts on itself before it touches the model."""

import contextlib
import ctypes
import math
import os
import resource
import signal
import time
from pathlib import Path
from typing import Final

from shared_schema.model_manifest import Vetting

_PR_SET_PDEATHSIG: Final = 1
LARGEST_FILE: Final = 1 << 20
"""Bytes that a vetting child may write to a file: enough for a log."""
LARGEST_OUTPUT: Final = 1 << 30
"""Bytes of an expected output that `check --update-golden` may write."""


def be_a_modest_child(parent: int, largest_file: int) -> None:
    """Take a low priority, write no core dump and no file beyond ``largest_file`` bytes, and die with the parent.

    ``parent`` is its process id.
    """
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the call above.
    if os.getppid() != parent:
        os._exit(1)


def limit_resources(vetting: Vetting, threads: int) -> None:
    """Limit address space and CPU time to the manifest's, on top of what the runtime has used so far."""
    _lower(resource.RLIMIT_AS, _address_space() + vetting.memory * 1024 * 1024)
    _lower(resource.RLIMIT_CPU, math.ceil(time.process_time() + vetting.timeout * max(1, threads)))


def _lower(kind: int, wanted: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (most, most))


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
