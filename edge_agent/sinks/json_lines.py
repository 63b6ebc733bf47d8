"""Predictions in a file, one JSON object a line, turned over when it is full."""

import logging
import os
import threading
from pathlib import Path
from typing import IO, ClassVar

from edge_agent.errors import SinkError
from edge_agent.sinks.sink import Seen
from shared_schema.messages import Prediction
from shared_schema.settings import JsonLinesSink

logger = logging.getLogger(__name__)


class JsonLinesFile:
    """``<path>``, then ``<path>.1`` (the newest of the full ones) up to ``<path>.<keep>``. Never holds half a line
    that a whole one follows: what a full disk cut off is taken back."""

    durable: ClassVar[bool] = True

    def __init__(self, settings: JsonLinesSink, work: Path) -> None:
        self.path = work / settings.path
        self._settings = settings
        self._lock = threading.Lock()
        self._stream: IO[bytes] | None = None
        self._size = 0

    def write(self, prediction: Prediction, seen: Seen) -> None:  # noqa: ARG002  the form of every sink
        line = prediction.model_dump_json(by_alias=True, exclude_none=True).encode() + b"\n"
        with self._lock:
            try:
                self._append(line)
            except OSError as error:
                raise SinkError(
                    f"{self.path} cannot be written ({error.strerror}); free the disk, or correct the sink's path"
                ) from error

    def close(self) -> None:
        with self._lock:
            if self._stream is not None:
                self._stream.close()
                self._stream = None

    def _append(self, line: bytes) -> None:
        stream = self._open()
        if self._size and self._size + len(line) > self._settings.max_bytes:
            stream.close()
            self._stream = None
            self._turn_over()
            stream = self._open()
        try:
            written = 0
            while written < len(line):
                written += os.write(stream.fileno(), line[written:])
        except OSError:
            os.ftruncate(stream.fileno(), self._size)
            raise
        self._size += len(line)

    def _open(self) -> IO[bytes]:
        if self._stream is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _cut_half_a_line(self.path)
            self._stream = self.path.open("ab", buffering=0)
            self._size = self._stream.seek(0, os.SEEK_END)
        return self._stream

    def _turn_over(self) -> None:
        for number in range(self._settings.keep - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self.path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _cut_half_a_line(path: Path) -> None:
    """A process that was killed while it wrote left half a line; its frame was kept, and is predicted again."""
    if not path.is_file():
        return
    with path.open("rb+") as stream:
        end = stream.seek(0, os.SEEK_END)
        start = max(0, end - 65_536)
        stream.seek(start)
        tail = stream.read()
        if tail and not tail.endswith(b"\n"):
            stream.truncate(start + tail.rfind(b"\n") + 1)
            logger.warning("half a line cut off", extra={"path": str(path)})
