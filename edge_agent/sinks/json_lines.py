"""Writes predictions to a file, one JSON object per line, and rotates it when it is full.

Each frame is written at most once.
"""

import json
import logging
import os
import threading
from pathlib import Path
from typing import IO, ClassVar, Final

from edge_agent.errors import SinkError
from edge_agent.predicted import Predicted
from edge_agent.sinks.sink import Seen
from shared_schema.settings import JsonLinesSink

logger = logging.getLogger(__name__)
_BLOCK: Final = 65_536
_LOOKED_AT: Final = 100
"""Lines of an earlier process: between a frame's line and the death that kept it in its folder come few others."""


class JsonLinesFile:
    """The file ``<path>``, and the full ones from ``<path>.1`` (the newest) to ``<path>.<keep>``.

    A line that a full disk or a killed process cut off is removed before the next one is written. If a process was
    killed after it wrote a frame's line and before it removed the frame, the next process writes no second line. A file
    that somebody moves, deletes or empties is noticed before the next line: no line goes where nobody looks.
    """

    durable: ClassVar[bool] = True

    def __init__(self, settings: JsonLinesSink, work: Path) -> None:
        self.path = work / settings.path
        # The cold use of a `Path` costs more than all else that is done for a line.
        self._text = str(self.path)
        self._settings = settings
        self._lock = threading.Lock()
        self._stream: IO[bytes] | None = None
        self._size = 0
        # Device and inode of the open file.
        self._identity = (0, 0)
        # By source, the frame of the last line of an earlier process; ``None`` until the file is opened first.
        self._earlier: dict[str, str] | None = None

    def write(self, prediction: Predicted, seen: Seen) -> None:  # noqa: ARG002  the form of every sink
        line = prediction.line() + b"\n"
        with self._lock:
            try:
                stream = self._still_there() or self._open()
                if self._has_its_line(prediction):
                    logger.info("frame has its line already", extra={"frame": prediction.frame})
                    return
                self._append(stream, line)
            except OSError as error:
                raise SinkError(
                    f"{self.path} cannot be written ({error.strerror})", "free the disk, or correct the sink's path"
                ) from error

    def close(self) -> None:
        with self._lock:
            if self._stream is not None:
                self._stream.close()
                self._stream = None

    def _has_its_line(self, prediction: Predicted) -> bool:
        """Return whether an earlier process wrote this frame, and was killed before it removed it."""
        earlier = self._earlier or {}
        if prediction.frame_id is None or earlier.get(prediction.source) != prediction.frame_id:
            return False
        # From now on such a file is a new one: somebody copied the picture again, with its time.
        del earlier[prediction.source]
        return True

    def _still_there(self) -> IO[bytes] | None:
        """Return the open file if its name still leads to it."""
        if self._stream is None:
            return None
        try:
            found = os.stat(self._text)  # noqa: PTH116  see above
        except FileNotFoundError:
            found = None
        if found is not None and (found.st_dev, found.st_ino) == self._identity:
            self._size = found.st_size
            return self._stream
        logger.info("file moved or deleted: a new one is begun", extra={"path": str(self.path)})
        self._stream.close()
        self._stream = None
        return None

    def _append(self, stream: IO[bytes], line: bytes) -> None:
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
            # The file may have been rotated for another source since a source's last line.
            found_lines = _last_frames(self._numbered(1)) | _last_frames(self.path)
            if self._earlier is None:
                self._earlier = found_lines
            self._stream = self.path.open("ab", buffering=0)
            found = os.fstat(self._stream.fileno())
            self._identity, self._size = (found.st_dev, found.st_ino), found.st_size
        return self._stream

    def _turn_over(self) -> None:
        for number in range(self._settings.keep - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self.path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _last_frames(path: Path) -> dict[str, str]:
    """Return by source the frame of its last line.

    A last line that is cut off is removed: its frame is still there, and is predicted again.
    """
    if not path.is_file():
        return {}
    with path.open("rb+") as stream:
        start, tail = _tail(stream)
        if tail and not tail.endswith(b"\n"):
            stream.truncate(start + tail.rfind(b"\n") + 1)
            logger.warning("half a line cut off", extra={"path": str(path)})
    found: dict[str, str] = {}
    for line in tail[: tail.rfind(b"\n") + 1].split(b"\n")[-_LOOKED_AT:]:
        try:
            said = json.loads(line)
            found[said["source"]] = said["frameId"]
        except (ValueError, LookupError, TypeError):
            # It is no prediction, its source gives no frame ids, or it is the first line here, which is cut off.
            continue
    return found


def _tail(stream: IO[bytes]) -> tuple[int, bytes]:
    """Return where the file's tail begins, and the tail: at least the last whole line and what follows it."""
    end = stream.seek(0, os.SEEK_END)
    size = _BLOCK
    while True:
        start = max(0, end - size)
        stream.seek(start)
        tail = stream.read(end - start)
        if not start or tail.count(b"\n") > 1:
            return start, tail
        size *= 4
