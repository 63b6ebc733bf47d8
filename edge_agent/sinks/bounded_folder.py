"""A folder of files kept of frames, bounded in number, size and age: the oldest files are removed first."""

import contextlib
import logging
import os
import re
import time
from collections import deque
from pathlib import Path, PurePath
from typing import Final

from edge_agent.predicted import Predicted

logger = logging.getLogger(__name__)
_ODD: Final = re.compile(r"[^A-Za-z0-9_-]+")


class BoundedFolder:
    """Not thread-safe. An *entry* is all files with the same name up to the first dot.

    ``keep`` is the most entries, ``size`` the most bytes, ``age`` the most seconds; ``None`` is no bound. Entries of an
    earlier process count too.
    """

    def __init__(self, path: Path, *, keep: int, size: int | None = None, age: float | None = None) -> None:
        self.path = path
        self._keep, self._most, self._age = keep, size, age
        self._entries: deque[tuple[str, float, int]] | None = None
        self._size = 0

    def put(self, name: str, files: dict[str, bytes]) -> None:
        """Write an entry. ``files`` maps the end of a file's name (``.jpg``) to its content. Raises ``OSError``."""
        entries = self._listed()
        total = sum(len(content) for content in files.values())
        self._make_room(1, total)
        for suffix, content in files.items():
            # Not flushed to the disk, as `write_whole` does: the thread that infers would wait for it.
            unfinished = self.path / f".{name}{suffix}"
            try:
                unfinished.write_bytes(content)
                unfinished.replace(self.path / f"{name}{suffix}")
            except OSError:
                with contextlib.suppress(OSError):
                    unfinished.unlink()
                raise
        entries.append((name, time.time(), total))
        self._size += total

    def prune(self) -> None:
        """Remove the entries that have become too old."""
        self._make_room(0, 0)

    def _make_room(self, more: int, size: int) -> None:
        entries = self._listed()
        while entries and (
            len(entries) + more > self._keep
            or (self._most is not None and self._size + size > self._most)
            or (self._age is not None and time.time() - entries[0][1] > self._age)
        ):
            name, _, freed = entries.popleft()
            self._size -= freed
            for file in self.path.glob(f"{name}.*"):
                with contextlib.suppress(OSError):
                    file.unlink()

    def _listed(self) -> deque[tuple[str, float, int]]:
        if self._entries is None:
            self.path.mkdir(parents=True, exist_ok=True)
            found: dict[str, tuple[float, int]] = {}
            for each in os.scandir(self.path):
                if each.is_file(follow_symlinks=False) and not each.name.startswith("."):
                    name, status = each.name.partition(".")[0], each.stat(follow_symlinks=False)
                    at, size = found.get(name, (status.st_mtime, 0))
                    found[name] = (min(at, status.st_mtime), size + status.st_size)
            ordered = sorted((at, name, size) for name, (at, size) in found.items())
            self._entries = deque((name, at, size) for at, name, size in ordered)
            self._size = sum(size for _, _, size in self._entries)
        return self._entries


def entry_name(prediction: Predicted) -> str:
    """Return an entry's name, such as ``20261124T201512123456-camera-00001``: time, source and frame, without dots.

    Entries sort by time, and are safe names whatever the frame is called.
    """
    frame = _ODD.sub("_", PurePath(prediction.frame).stem)[:80] or "frame"
    return f"{prediction.timestamp:%Y%m%dT%H%M%S%f}-{prediction.source}-{frame}"
