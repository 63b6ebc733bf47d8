"""Control's side of the template: starts it, asks it for workers, starts another if it has died."""

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Final

from edge_agent.errors import TemplateError
from edge_agent.processes.forking import READY
from edge_agent.processes.linux import adopt_orphans, close_memory_to_others
from edge_agent.processes.worker_process import WorkerProcess

logger = logging.getLogger(__name__)
_KEPT: Final = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "TMPDIR")
"""Of the environment: what a worker can read, a model that broke out of the runtime can read too."""
_SET: Final = {
    # onnxruntime sends telemetry without it (docs/onnxruntime-facts.md, "Telemetry").
    "ORT_DISABLE_TELEMETRY": "1",
    # Else numpy starts threads when it is imported.
    "OPENBLAS_NUM_THREADS": "1",
}
_START: Final = 60.0
"""Seconds for the imports; a slow card takes ten."""
_FORK: Final = 10.0


class Template:
    """Owned by control, from `start` to `stop`. Any thread may ask for a worker.

    ``modules`` are imported before the first fork; workers are asked for by the name of one of them.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = tuple(modules)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._ready = False

    @property
    def pid(self) -> int | None:
        """The process id, while there is a template."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the template, and do not wait for it: it imports for a second. Raises ``TemplateError``."""
        with self._lock:
            self._start()

    def fork(self, module: str) -> WorkerProcess:
        """Return a new worker, which waits for its request and then calls ``work`` of the module.

        Starts another template if it has died. Raises ``TemplateError`` if there is no way to a process.
        """
        with self._lock:
            try:
                return self._forked(module)
            except (OSError, TemplateError) as error:
                logger.warning("template given up", extra={"pid": self.pid, "error": str(error)})
                self._end()
            try:
                return self._forked(module)
            except TemplateError:
                self._end()
                raise
            except OSError as error:
                self._end()
                raise TemplateError(f"the template does not answer: {error}", "look at the log above") from error

    def stop(self) -> None:
        """End the template. Its workers go on, until their owners end them."""
        with self._lock:
            self._end()
            adopt_orphans(False)

    def _start(self) -> socket.socket:
        """Return the socket to the template that runs, or to a new one."""
        if self._socket is not None:
            return self._socket
        adopt_orphans(True)
        with contextlib.suppress(OSError):
            close_memory_to_others()
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = subprocess.Popen(
                # -P: do not import from the working folder.
                [
                    *(sys.executable, "-P", "-m", "edge_agent.processes.forking"),
                    *(str(its.fileno()), str(os.getpid()), *self._modules),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _KEPT if name in os.environ} | _SET,
                pass_fds=(its.fileno(),),
            )
        except OSError as error:
            ours.close()
            raise TemplateError(f"no process could be started: {error}", "free memory or processes") from error
        finally:
            its.close()
        self._socket, self._ready = ours, False
        return ours

    def _forked(self, module: str) -> WorkerProcess:
        to = self._start()
        if not self._ready:
            self._ready = _answer(to, _START) == READY
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        words = -1
        try:
            words = os.memfd_create("last words", os.MFD_CLOEXEC)
            socket.send_fds(to, [module.encode()], [its.fileno(), words])
            reply = json.loads(_answer(to, _FORK))
            if "pid" not in reply:
                raise TemplateError(f"the template cannot fork: {reply['error']}", "free memory or processes")
            return WorkerProcess(int(reply["pid"]), ours, words)
        except BaseException:
            # A worker that has been forked nevertheless sees the end of its stream, and ends.
            ours.close()
            if words >= 0:
                os.close(words)
            raise
        finally:
            its.close()

    def _end(self) -> None:
        process, ours = self._process, self._socket
        self._process = self._socket = None
        if ours is not None:
            ours.close()
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            process.wait()


def _answer(to: socket.socket, seconds: float) -> bytes:
    to.settimeout(seconds)
    answer = to.recv(4096)
    if not answer:
        raise TemplateError("the template has ended", "look at the log above")
    return answer
