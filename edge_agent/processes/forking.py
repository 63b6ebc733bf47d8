"""The template: ``python -P -m edge_agent.processes.forking SOCKET CONTROL MODULE…``. Started by `Template` only.

It imports the modules, opens nothing, and forks a worker for each request: the name of a module whose ``work`` the
worker calls with its end of the stream. It forks twice, so that the worker becomes a child of control, which adopts
orphans and alone reaps. The template has one thread, or a fork would copy locks that nobody frees.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
import traceback
from typing import Final

from edge_agent.processes.linux import close_memory_to_others, die_with_parent, name_thread

READY: Final = b"ready"
_ADOPTED: Final = 5.0
"""Seconds for the kernel to make a worker the child of control."""
_STANDARD: Final = {0, 1, 2}


def main() -> None:
    ours, control = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    # A nucleus may signal all of a component's processes, and these before control: control ends them.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    name_thread("edge-template")
    with contextlib.suppress(OSError):
        close_memory_to_others()
    gc.disable()
    for module in sys.argv[3:]:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    _be_alone(ours)
    ours.send(READY)
    while True:
        request, descriptors, _, _ = socket.recv_fds(ours, 4096, 2)
        if not request:
            # Control has ended.
            os._exit(0)
        _be_alone(ours, *descriptors)
        reply = _fork(request.decode(), descriptors, ours, control)
        for descriptor in descriptors:
            os.close(descriptor)
        ours.send(json.dumps(reply).encode())


def _be_alone(ours: socket.socket, *given: int) -> None:
    """End unless we have one thread, and no descriptor but our own: every worker would inherit it."""
    threads = os.listdir("/proc/self/task")  # noqa: PTH208 - as below
    listed = {int(name) for name in os.listdir("/proc/self/fd")}  # noqa: PTH208 - a list of names that is closed again
    foreign = {each for each in listed - {*_STANDARD, ours.fileno(), *given} if _open(each)}
    if len(threads) != 1 or foreign:
        sys.exit(f"the template has {len(threads)} threads and the descriptors {sorted(foreign)}: report this")


def _open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _fork(job: str, descriptors: list[int], ours: socket.socket, control: int) -> dict[str, object]:
    """Fork a worker by way of a process between, which ends at once. Return its id as ``pid``, or an ``error``."""
    reading, writing = os.pipe()
    try:
        between = os.fork()
    except OSError as error:
        os.close(reading)
        os.close(writing)
        return {"error": str(error)}
    if between == 0:
        os.close(reading)
        try:
            worker = os.fork()
            if worker == 0:
                os.close(writing)
                ours.close()
                _work(job, descriptors, control)
            os.write(writing, json.dumps({"pid": worker}).encode())
        except OSError as error:
            os.write(writing, json.dumps({"error": str(error)}).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(between, 0)
    try:
        reply: dict[str, object] = json.loads(os.read(reading, 4096) or b'{"error": "the fork ended"}')
        return reply
    finally:
        os.close(reading)


def _work(job: str, descriptors: list[int], control: int) -> None:
    """Be a worker; never returns."""
    try:
        stream, words = descriptors
        _become_a_child_of(control)
        os.dup2(words, 1)
        os.dup2(words, 2)
        os.close(words)
        name_thread("edge-worker")
        gc.enable()
        sys.modules[job].work(stream)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it is, it must not go on in the template's loop
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(1)


def _become_a_child_of(control: int) -> None:
    ends = time.monotonic() + _ADOPTED
    while os.getppid() != control:
        if time.monotonic() > ends:
            os._exit(1)
        time.sleep(0.0005)
    die_with_parent(signal.SIGKILL)
    # Control may have ended before the call above.
    if os.getppid() != control:
        os._exit(1)


if __name__ == "__main__":
    main()
