"""The jail of a worker: what it can never do again, whatever the model makes of its process.

Each part is applied if the device lets it. Which parts hold is told in health (docs/security.md, "The jail").
"""

import contextlib
import os
import platform
import resource
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from edge_agent.processes.landlock import allow_reading
from edge_agent.processes.linux import close_memory_to_others, drop_capabilities, gain_no_privileges
from edge_agent.processes.seccomp import refuse_calls
from edge_agent.processes.syscall_numbers import JAILING, numbers_of

MIB: Final = 1 << 20
_LARGEST_FILE: Final = MIB
"""Bytes that a worker may write to a file: it has one only, for its last words."""
_OF_THE_SYSTEM: Final = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"),
    *("/etc/localtime", "/usr/share/zoneinfo", "/dev/null", "/dev/urandom"),
    # onnxruntime reads how many cores there are, and which.
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system", "/sys/fs/cgroup"),
)


def limit_writing() -> None:
    """Write no core dump, and no file beyond a megabyte."""
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, _LARGEST_FILE)


def limit_memory(mib: int) -> None:
    """Let the process take up to ``mib`` MiB of memory of its own beyond what it has now.

    The limit is on data, and not on address space, in which onnxruntime reserves much that it never uses.
    """
    _lower(resource.RLIMIT_DATA, _data() + mib * MIB)


def limit_cpu(seconds: float) -> None:
    """End the process by SIGXCPU after so many more seconds of CPU time. The hard limit stays as it is."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    wanted = int(spent.ru_utime + spent.ru_stime + seconds) + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def give_up_rights() -> tuple[str, ...]:
    """Give up what root may do to other users' files, and close our memory to others. Return what holds.

    Of the calling thread, and of those that it starts later.
    """
    holds = []
    with contextlib.suppress(OSError):
        close_memory_to_others()
        holds.append("memory")
    with contextlib.suppress(OSError, ValueError):
        drop_capabilities(numbers_of(JAILING, platform.machine())["capset"])
        holds.append("capabilities")
    return tuple(holds)


def lock_in(readable: Iterable[Path]) -> tuple[str, ...]:
    """Jail a process of one thread; it reads ``readable`` and the libraries only. Return what holds."""
    holds = []
    with contextlib.suppress(OSError, ValueError):
        gain_no_privileges()
        abi = allow_reading([*readable, *_libraries()], numbers_of(JAILING, platform.machine()))
        holds.append(f"landlock {abi}")
    return (*holds, *refuse())


def refuse() -> tuple[str, ...]:
    """Refuse all threads of the process the calls that a model has no use for. Return what holds."""
    with contextlib.suppress(OSError, ValueError):
        gain_no_privileges()
        refuse_calls(platform.machine())
        return ("seccomp",)
    return ()


def _libraries() -> list[Path]:
    ours = (Path(__file__).parents[1], Path(__file__).parents[2] / "shared_schema")
    base = {"base": sys.base_prefix, "platbase": sys.base_prefix}
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    python = [path for name in names for path in (sysconfig.get_path(name), sysconfig.get_path(name, vars=base))]
    loaded = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    return [*ours, *map(Path, filter(None, (*python, *loaded, *_OF_THE_SYSTEM)))]


def _lower(kind: int, wanted: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (most, most))


def _data() -> int:
    """Return the bytes that ``RLIMIT_DATA`` counts (getrlimit(2)); 0 if the system does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0
