"""Removes frames that are done with from their folder, and remembers those that it cannot remove.

A folder may be read-only or away for a while: a mount after an error, a stick that was pulled out. What is done with
and stays there is noted in the work folder, so that the next process does not predict it again either; it is removed
once that is possible.
"""

import contextlib
import errno
import json
import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent.tasks.task import printable
from shared_schema.documents.writing import write_whole

logger = logging.getLogger(__name__)
MOST: Final = 10_000
"""Frames that are remembered. With as many left in the folder, no more are taken from it."""
_AT_ONCE: Final = 1000
"""Frames that one call of `Removal.settle` looks at."""
_FAILURES: Final = 10
"""Removals that may fail in one call of `Removal.settle`: it does not ask a read-only folder ten thousand times."""
_LONGEST: Final = 255
"""The most bytes of a file's name (NAME_MAX)."""


class Left(NamedTuple):
    """A file that is done with: when it was written last (ns), its bytes, and where it is to be moved to.

    No inode: FAT and some network file systems number their files anew at every mount.
    """

    written: int
    size: int
    to: str | None
    """``None``: it is to be deleted."""

    def is_still(self, found: os.stat_result) -> bool:
        return (self.written, self.size) == (found.st_mtime_ns, found.st_size)


class _Line(BaseModel):
    """One line of the note. ``name`` is percent-encoded: a file's name is bytes. ``folder`` is its device and inode."""

    model_config = ConfigDict(extra="ignore")

    folder: tuple[int, int]
    name: str
    written: int
    size: int
    to: str | None = None


class Removal:
    """``note`` is the file in which frames are remembered that could not be removed from ``folder``. Thread-safe."""

    def __init__(self, folder: Path, note: Path) -> None:
        self._folder = folder
        self._text = str(folder)
        self._note = note
        self._lock = threading.Lock()
        self._left: dict[str, Left] = {}
        # Device and inode of the folder, as it was listed last, and as it was when a remembered frame was there last:
        # while a mount is away, its mount point is another folder.
        self._listed_in = self._seen_in = (0, 0)
        self._why: str | None = None
        self._not_noted: str | None = None

    @property
    def any_left(self) -> bool:
        """Whether `settle` has something to do."""
        return bool(self._left) or self._not_noted is not None

    @property
    def trouble(self) -> str | None:
        """In words, why frames stay in the folder; the same words while it lasts."""
        if self._why is None:
            return None
        words = f"{self._folder} cannot be emptied ({self._why}): let the agent's user write to it"
        if self._not_noted is not None:
            return f"{words}; no frame is taken from it, since {self._note} cannot be written ({self._not_noted})"
        if self.full:
            return f"{words}; no frame is taken from it, since {MOST} are left in it"
        return f"{words}; what is left there is not predicted again"

    @property
    def full(self) -> bool:
        """Whether no more frames can be remembered."""
        return len(self._left) >= MOST or self._not_noted is not None

    def begin(self) -> None:
        """Read what earlier processes have left."""
        self._read()
        self.listed()

    def listed(self) -> None:
        """Take note that the folder is there now, and that frames are taken from it."""
        self._listed_in = _identity(self._folder)

    def holds(self, name: str, found: os.stat_result) -> bool:
        """Return whether this file is done with, and only left in the folder."""
        left = self._left.get(name)
        return left is not None and left.is_still(found)

    def remove(self, name: str, file: Left) -> None:
        """Delete a frame, or move it to where it says. If that fails, remember it."""
        try:
            self._out(name, file)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and _identity(self._folder) == self._listed_in:
                # Somebody else removed it.
                return
            with self._lock:
                if self._why is None:
                    logger.warning("frames cannot be removed", extra={"frame": printable(name), "error": str(error)})
                self._why = error.strerror or str(error)
                self._left[name] = file
                self._remember(name)

    def settle(self) -> None:
        """Remove what was left and can be removed by now."""
        with self._lock:
            self._settle()

    def _settle(self) -> None:
        here, failures, changed = _identity(self._folder), 0, False
        names = list(self._left)[:_AT_ONCE]
        for name in names:
            left = self._left.pop(name)
            try:
                found = os.lstat(self._folder / name)
                if left.is_still(found):
                    self._seen_in = here
                    self._out(name, left)
                changed = True
            except FileNotFoundError:
                # In another folder's place (a mount is away) its absence says nothing.
                if here == self._seen_in:
                    changed = True
                else:
                    self._left[name] = left
            except OSError as error:
                self._left[name] = left
                self._why = error.strerror or str(error)
                failures += 1
                if failures >= _FAILURES:
                    break
        if self._not_noted is not None:
            self._noting(self._write)
        elif changed:
            # A line too many does no harm: its file is gone.
            with contextlib.suppress(OSError):
                self._write()
        if not failures and len(names) < _AT_ONCE:
            if self._why is not None:
                logger.info("folder emptied", extra={"folder": str(self._folder)})
            self._why = None

    def _out(self, name: str, file: Left) -> None:
        path = f"{self._text}/{name}"
        if file.to is None:
            os.unlink(path)  # noqa: PTH108  the cold making of a `Path` costs more
            return
        to = Path(file.to)
        to.mkdir(parents=True, exist_ok=True)
        target = _free(to, name)
        try:
            os.rename(path, target)  # noqa: PTH104  as above
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy_out(path, target)

    def _copy_out(self, path: str, target: Path) -> None:
        """Move a file to another file system, and leave no copy there if the file has to stay."""
        if not os.access(self._folder, os.W_OK | os.X_OK):
            kind = errno.EROFS if os.statvfs(self._folder).f_flag & os.ST_RDONLY else errno.EACCES
            raise OSError(kind, os.strerror(kind))
        try:
            shutil.copy2(path, target)
            os.unlink(path)  # noqa: PTH108  as above
        except OSError:
            target.unlink(missing_ok=True)
            raise

    def _read(self) -> None:
        try:
            lines = self._note.read_bytes().splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            logger.warning("note not read", extra={"file": str(self._note), "error": str(error)})
            return
        for text in lines[-MOST:]:
            try:
                line = _Line.model_validate_json(text)
            except ValidationError:
                # A killed process or a full disk cut it off.
                continue
            self._seen_in = line.folder
            self._left[os.fsdecode(unquote_to_bytes(line.name))] = Left(line.written, line.size, line.to)

    def _remember(self, name: str) -> None:
        if self._listed_in != self._seen_in or self._not_noted is not None:
            self._seen_in = self._listed_in
            self._noting(self._write)
            return
        self._noting(lambda: _append(self._note, self._line(name)))

    def _write(self) -> None:
        if self._left:
            write_whole(self._note, b"".join(map(self._line, self._left)))
        else:
            self._note.unlink(missing_ok=True)

    def _noting(self, write: Callable[[], None]) -> None:
        try:
            write()
            self._not_noted = None
        except OSError as error:
            self._not_noted = error.strerror or str(error)

    def _line(self, name: str) -> bytes:
        left = self._left[name]
        said = {"folder": self._seen_in, "name": quote(os.fsencode(name)), **left._asdict()}
        return json.dumps(said, separators=(",", ":")).encode() + b"\n"


def _append(note: Path, line: bytes) -> None:
    note.parent.mkdir(parents=True, exist_ok=True)
    with note.open("ab", buffering=0) as stream:
        end = stream.seek(0, os.SEEK_END)
        try:
            if stream.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            stream.truncate(end)
            raise


def _identity(folder: Path) -> tuple[int, int]:
    try:
        found = folder.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _free(folder: Path, name: str) -> Path:
    """Return a free path in the folder, so that nothing that was set aside before is overwritten."""
    path, number = folder / name, 1
    stem, suffix = os.fsencode(Path(name).stem), os.fsencode(Path(name).suffix)
    while path.exists():
        end = b".%d%b" % (number, suffix)
        path = folder / os.fsdecode(stem[: _LONGEST - len(end)] + end)
        number += 1
    return path
