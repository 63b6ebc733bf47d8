"""What a model that has broken out of the runtime would try. Imported by a template, run in a jailed worker.

The request says which parts of the jail this device is to lack. The answer says for each attempt what came of it.
"""

import ctypes
import errno
import fcntl
import json
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from edge_agent.processes import jail
from edge_agent.processes.stream import framed, read_frame, write_all

_libc = ctypes.CDLL(None, use_errno=True)


def work(stream: int) -> None:
    asked = read_frame(stream)
    if asked is None:
        return
    request = json.loads(asked.header)
    for part in request["lacking"]:
        # Stands for a kernel without that part.
        setattr(jail, part, _not_there)
    jail.limit_writing()
    held = jail.give_up_rights()
    started = threading.Event()
    if request["late"]:
        earlier = threading.Thread(target=started.wait)
        earlier.start()
        held += jail.refuse()
    else:
        held += jail.lock_in([Path(request["own"])])
    jail.limit_memory(64)
    found = {name: _tried(each) for name, each in _attempts(request, stream).items()}
    started.set()
    write_all(stream, framed(json.dumps({"held": held, "found": found}).encode()))
    os._exit(0)


def _attempts(request: dict[str, object], stream: int) -> dict[str, Callable[[], object]]:
    control, secret, own = int(str(request["control"])), str(request["secret"]), str(request["own"])
    numbers = {"x86_64": (435, 437, 234, 310, 101), "aarch64": (435, 437, 131, 270, 117)}[os.uname().machine]
    clone3, openat2, tgkill, vm_readv, ptrace = numbers
    return {
        # What it must be able to do.
        "read its own": lambda: Path(own, "model").read_bytes(),
        "import": lambda: __import__("wave"),
        "start a thread": _thread,
        "run in an earlier thread": lambda: None,
        "signal itself": lambda: os.kill(os.getpid(), 0),
        "be nicer": lambda: os.nice(1),
        # What it must not.
        "socket": socket.socket,
        "socket pair": socket.socketpair,
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "fork": _fork,
        "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "clone3": lambda: _call(clone3, None, 0),
        "openat2": lambda: _call(openat2, -100, None, None, 0),
        "signal control": lambda: os.kill(control, signal.SIGCONT),
        "signal everybody": lambda: os.kill(-1, 0),
        "signal a thread of control": lambda: _call(tgkill, control, control, 0),
        "signal by a descriptor": lambda: fcntl.fcntl(stream, fcntl.F_SETOWN, control),
        "choose a descriptor's signal": lambda: fcntl.fcntl(stream, fcntl.F_SETSIG, signal.SIGKILL),
        "hold a process": lambda: os.pidfd_open(control),
        "trace control": lambda: _call(ptrace, 16, control, 0, 0),
        "read control's memory by a call": lambda: _call(vm_readv, control, None, 0, None, 0, 0),
        "read control's memory by a file": lambda: Path(f"/proc/{control}/mem").open("rb"),
        "write control's memory by a file": lambda: os.open(f"/proc/{control}/mem", os.O_RDWR),
        "read control's environment": lambda: Path(f"/proc/{control}/environ").read_bytes(),
        "limit control": lambda: resource.prlimit(control, resource.RLIMIT_NOFILE, (8, 8)),
        "slow control down": lambda: os.setpriority(os.PRIO_PROCESS, control, 19),
        "pin control": lambda: os.sched_setaffinity(control, {0}),
        "read a secret": lambda: Path(secret).read_bytes(),
        "list a folder": lambda: os.listdir("/"),
        "write a secret": lambda: os.open(secret, os.O_WRONLY),
        "write its own": lambda: os.open(f"{own}/model", os.O_RDWR),
        "make a file": lambda: os.open(f"{own}/new", os.O_CREAT),
        "remove its own": lambda: os.unlink(f"{own}/model"),
        "rename its own": lambda: os.rename(f"{own}/model", f"{own}/other"),
        "link its own": lambda: os.link(f"{own}/model", f"{own}/other"),
        "change its mode": lambda: os.chmod(f"{own}/model", 0o777),
        "make a folder": lambda: os.mkdir(f"{own}/folder"),
        "make a file in memory": lambda: os.memfd_create("more"),
        "take a gigabyte": lambda: bytearray(1 << 30),
        "raise its limit": lambda: resource.setrlimit(resource.RLIMIT_DATA, (-1, -1)),
    }


def _tried(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    except (MemoryError, ValueError, ImportError) as error:
        return type(error).__name__
    return "done"


def _call(number: int, *arguments: object) -> None:
    longs = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    if _libc.syscall(ctypes.c_long(number), *longs) < 0:
        raise OSError(ctypes.get_errno(), "")


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _thread() -> None:
    thread = threading.Thread(target=sys.getrefcount, args=(None,))
    thread.start()
    thread.join()


def _not_there(*_: object, **__: object) -> int:
    raise OSError(errno.ENOSYS, "")
