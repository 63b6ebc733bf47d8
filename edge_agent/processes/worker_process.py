"""A worker as control sees it: its process, its end of the stream, and the last words that it wrote."""

import contextlib
import os
import select
import signal
import socket
import time
from types import TracebackType
from typing import Final, Self

from edge_agent.processes.stream import Bounds, Frame, FrameReader, framed

_LOOK: Final = 0.005
_LAST_WORDS: Final = 65_536


class WorkerProcess:
    """Owned by whoever asked for it. A context manager: the process has ended, and is reaped, when it is left."""

    def __init__(self, pid: int, stream: socket.socket, words: int) -> None:
        self.pid = pid
        self._stream = stream
        self._words = words
        self._code: int | None = None
        self._reader: FrameReader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def ask(self, header: bytes, answers: Bounds) -> None:
        """Send the worker its request. ``answers`` bounds what it may say. Raises ``OSError`` if it is gone."""
        self._reader = FrameReader(self._stream.fileno(), answers)
        self._stream.sendall(framed(header))
        self._stream.setblocking(False)

    def hear(self, seconds: float) -> list[Frame] | None:
        """Return what the worker has said, after at most ``seconds``; ``None`` if it has closed its end, or is gone.

        Raises ``BabbleError``.
        """
        if self._reader is None:
            return []
        if self._reader.babbled is None and not select.select([self._stream], [], [], max(0.0, seconds))[0]:
            return []
        frames = self._reader.read()
        return None if self._reader.ended else frames

    def code(self, seconds: float) -> int | None:
        """Return how the process ended: its exit code, or minus the signal's number; ``None`` if it runs still."""
        ends = time.monotonic() + seconds
        while self._code is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                # Somebody else has reaped it.
                self._code = -signal.SIGKILL
                break
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() >= ends:
                return None
            else:
                time.sleep(_LOOK)
        return self._code

    def last_words(self) -> str:
        """Return the last line that the process wrote to its standard error."""
        said = os.pread(self._words, _LAST_WORDS, max(0, os.fstat(self._words).st_size - _LAST_WORDS))
        lines = said.decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it said nothing"

    def end(self) -> None:
        """Kill the process if it runs still, and wait until it is gone."""
        if self._code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self._stream.close()
        if self._words >= 0:
            os.close(self._words)
            self._words = -1
