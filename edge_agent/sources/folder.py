"""Images that appear in a folder: finished files only, none twice, none lost.

inotify says when a file is finished (closed after a write, or moved in); the folder itself is listed at the start,
whenever more came than the queue holds, and now and then, since an event can be lost and a file cannot.
"""

import contextlib
import heapq
import logging
import os
import shutil
import stat
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.inotify import InotifyObserver

from edge_agent.errors import UnreadableFrameError
from edge_agent.predicted import Predicted
from edge_agent.sources.finished import is_finished, nobody_writes, open_to_look
from edge_agent.sources.source import Offered
from edge_agent.tasks.task import Content, content_of
from shared_schema.settings import FolderSource

logger = logging.getLogger(__name__)
_LIST_AGAIN: Final = 5.0
"""Seconds between two listings when nothing happens."""
_LISTED: Final = 10_000
"""Names that one listing takes up at most: a folder of a million files is not listed for each few of them."""
_WANTED: Final[list[type[FileSystemEvent]]] = [FileClosedEvent, FileCreatedEvent, FileMovedEvent]
"""Without a filter, each frame's opening, reading and deleting comes back as events, and takes the GIL from it."""


class ImageFolder:
    """A folder as a source. Names that begin with a dot are somebody's unfinished business."""

    def __init__(self, settings: FolderSource, work: Path) -> None:
        self.path = work / settings.path
        self._folder = str(self.path)
        self._done = self.path.with_name(f"{self.path.name}.done")
        self._unreadable = self.path.with_name(f"{self.path.name}.unreadable")
        self._settings = settings
        # Taken for every frame by itself: a condition's own `with` is two calls of Python's.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        # When each was found, and whether it is known to be finished.
        self._waiting: OrderedDict[str, tuple[float, bool]] = OrderedDict()
        # Predicted, and could not be removed: not to be predicted again.
        self._kept: dict[str, tuple[int, ...]] = {}
        self._list_at = 0.0
        self._dropped = 0
        self._out: str | None = None
        # With "full" events a file that was moved in from elsewhere is told from one that is being written.
        self._observer = InotifyObserver(generate_full_events=True)

    @property
    def dropped(self) -> int:
        return self._dropped

    def start(self) -> None:
        """Raises ``OSError`` when the folder cannot be made or watched."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._observer.schedule(_Finished(self), str(self.path), recursive=False, event_filter=_WANTED)
        self._observer.start()

    def stop(self) -> None:
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=2)

    def finished(self, name: str) -> None:
        """A file is there. Called by the observer's thread; never waits."""
        if name.startswith("."):
            return
        with self._changed:
            if name == self._out:
                # Written anew while it is being looked at: the listing finds it if it is another file then.
                self._list_at = 0.0
                return
            if name in self._waiting:
                return
            if len(self._waiting) >= self._settings.queue:
                if self._settings.drop == "block":
                    # It stays in the folder; the next listing finds it.
                    self._list_at = 0.0
                    return
                oldest, _ = self._waiting.popitem(last=False)
                self._drop(oldest)
            self._waiting[name] = (time.monotonic(), True)
            self._changed.notify()

    def next(self, timeout: float) -> Offered | None:
        ends = time.monotonic() + timeout
        while True:
            with self._lock:
                # Whatever became of the last frame, its worker is done with it.
                self._out = None
                if not self._waiting and time.monotonic() < self._list_at:
                    self._changed.wait(max(0.0, min(ends, self._list_at) - time.monotonic()))
                name, (arrived, finished) = self._waiting.popitem(last=False) if self._waiting else (None, (0.0, False))
                # What is written under the name from here on is another file's matter: the listing finds it.
                self._out = name
            if name is None:
                if time.monotonic() >= self._list_at:
                    self._list()
                    if self._waiting:
                        continue
                if time.monotonic() >= ends:
                    return None
                continue
            frame = self._read(name, arrived, finished)
            if frame is not None:
                return frame

    def done(self, frame: Offered, prediction: Predicted | None = None) -> None:  # noqa: ARG002  the form of every source
        self._end(frame, self._done if self._settings.after == "move" else None)

    def set_aside(self, frame: Offered, why: str) -> None:
        logger.warning("frame set aside", extra={"frame": frame.name, "why": why, "to": str(self._unreadable)})
        self._end(frame, self._unreadable)

    def give_back(self, frame: Offered) -> None:
        with self._changed:
            self._out = None
            self._waiting[frame.name] = (frame.arrived, True)
            self._waiting.move_to_end(frame.name, last=False)

    def _end(self, frame: Offered, to: Path | None) -> None:
        # A new file of this name needs no listing to be found. (One assignment: it takes no lock.)
        self._out = None
        found = self._status(frame.name)
        if found is None or _ticket(found) != frame.ticket:
            # Another image has taken the name meanwhile: a frame of its own, once it is finished.
            self._list_at = 0.0
            return
        try:
            if to is None:
                os.unlink(self._within(frame.name))  # noqa: PTH108  the cold making of a `Path` costs more
            else:
                to.mkdir(parents=True, exist_ok=True)
                shutil.move(self.path / frame.name, _free(to, frame.name))
            self._kept.pop(frame.name, None)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._kept[frame.name] = frame.ticket
            logger.warning("frame not removed", extra={"frame": frame.name, "error": str(error)})

    def _list(self) -> None:
        """Take up what is in the folder, the oldest first; whether a file is finished is looked at when its turn comes,
        and with ``latest``, which drops what is too much, at once."""
        now = time.monotonic()
        self._list_at = now + _LIST_AGAIN
        found: list[tuple[int, str]] = []
        with contextlib.suppress(OSError), os.scandir(self.path) as entries:
            for entry in entries:
                if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
                    continue
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if self._kept.get(entry.name) != _ticket(status):
                        found.append((status.st_mtime_ns, entry.name))
        for name in [name for name in self._kept if self._status(name) is None]:
            del self._kept[name]
        if self._settings.drop == "latest":
            self._take_the_latest(sorted(found))
            return
        with self._changed:
            for _, name in heapq.nsmallest(_LISTED, found):
                self._waiting.setdefault(name, (now, False))
        if len(found) > _LISTED:
            self._list_at = 0.0

    def _take_the_latest(self, found: list[tuple[int, str]]) -> None:
        for _, name in found:
            if is_finished(self._within(name)):
                self.finished(name)
            else:
                self._list_at = min(self._list_at, time.monotonic() + 0.5)

    def _read(self, name: str, arrived: float, finished: bool) -> Offered | None:
        """The file with its content, opened once; none for what is no plain file, was looked at already, or is still
        being written. What cannot be read is offered as a path, so that its reader says why."""
        path = self._within(name)
        content: Content = path
        try:
            descriptor = open_to_look(path)
        except OSError:
            standing = self._status(name) if finished else None
            if standing is None:
                return None
            found = standing
        else:
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode) or self._kept.get(name) == _ticket(found):
                    return None
                if not (finished or nobody_writes(descriptor)):
                    self._list_at = min(self._list_at, time.monotonic() + 0.5)
                    return None
                try:
                    content = content_of(descriptor, name, found.st_size)
                except (OSError, UnreadableFrameError):
                    content = path
            finally:
                os.close(descriptor)
        return Offered(name, content, arrived, _ticket(found), frame_id=_identity(found))

    def _status(self, name: str) -> os.stat_result | None:
        """``None`` for what is no plain file."""
        try:
            found = os.lstat(self._within(name))
        except OSError:
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def _within(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def _drop(self, name: str) -> None:
        self._dropped += 1
        with contextlib.suppress(OSError):
            (self.path / name).unlink()


class _Finished(FileSystemEventHandler):
    """From inotify's events to finished names."""

    def __init__(self, folder: ImageFolder) -> None:
        self._folder = folder

    def on_closed(self, event: FileSystemEvent) -> None:
        self._take(event, event.src_path)

    def on_moved(self, event: FileSystemEvent) -> None:
        # Without a source it comes from elsewhere; without a destination it is gone.
        if event.src_path or (event.dest_path and is_finished(_text(event.dest_path), moved_in=True)):
            self._take(event, event.dest_path)

    def on_created(self, event: FileSystemEvent) -> None:
        # A file that is linked in is only ever "created"; one that is being written is not finished yet.
        path = Path(_text(event.src_path))
        if not event.is_directory and is_finished(path):
            self._folder.finished(path.name)

    def _take(self, event: FileSystemEvent, path: str | bytes) -> None:
        if not event.is_directory and path and Path(_text(path)).parent == self._folder.path:
            self._folder.finished(Path(_text(path)).name)


def _ticket(found: os.stat_result) -> tuple[int, ...]:
    """What tells a file from a later one of the same name."""
    return found.st_ino, found.st_mtime_ns, found.st_size


def _identity(found: os.stat_result) -> str:
    """The same over the process's end: a file that comes to a name, written or moved, has a change time of its own."""
    return f"{found.st_ino:x}-{found.st_ctime_ns:x}"


def _text(path: str | bytes) -> str:
    return path if isinstance(path, str) else path.decode(errors="surrogateescape")


def _free(folder: Path, name: str) -> Path:
    """A path in the folder that nothing has yet: what was set aside before is not written over."""
    path = folder / name
    number = 1
    while path.exists():
        path = folder / f"{Path(name).stem}.{number}{Path(name).suffix}"
        number += 1
    return path
