"""Images that appear in a folder: finished files only, none twice, none lost.

inotify says when a file is finished (closed after a write, or moved in); the folder itself is listed at the start,
whenever more came than the queue holds, and now and then, since an event can be lost and a file cannot.
"""

import contextlib
import hashlib
import heapq
import logging
import os
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
from edge_agent.sources.removal import Left, Removal
from edge_agent.sources.source import Offered
from edge_agent.tasks.task import Content, content_of, printable
from shared_schema.settings import FolderSource

logger = logging.getLogger(__name__)
_LIST_AGAIN: Final = 5.0
"""Seconds between two listings when nothing happens."""
_LISTED: Final = 10_000
"""The most names that one listing takes, so that a folder of a million files is not listed for each few of them."""
_WANTED: Final[list[type[FileSystemEvent]]] = [FileClosedEvent, FileCreatedEvent, FileMovedEvent]
"""The events that matter. Without a filter, opening, reading and deleting a frame would give events too."""


class ImageFolder:
    """A folder as a source. Names that begin with a dot are ignored: they are unfinished files."""

    def __init__(self, settings: FolderSource, work: Path) -> None:
        self.path = work / settings.path
        self._folder = str(self.path)
        self._done = self.path.with_name(f"{self.path.name}.done")
        self._unreadable = self.path.with_name(f"{self.path.name}.unreadable")
        self._settings = settings
        # Taken by itself for every frame: the condition's own `with` costs two more Python calls.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        # By name: when it was found, and whether it is known to be finished.
        self._waiting: OrderedDict[str, tuple[float, bool]] = OrderedDict()
        note = f"{hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]}.jsonl"
        self._removal = Removal(self.path, work / "state" / "not-removed" / note)
        self._settle_at = 0.0
        self._list_at = 0.0
        self._dropped = 0
        self._out: str | None = None
        # With "full" events a file that was moved in from elsewhere is told from one that is being written.
        self._observer = InotifyObserver(generate_full_events=True)

    @property
    def dropped(self) -> int:
        return self._dropped

    @property
    def trouble(self) -> str | None:
        return self._removal.trouble

    def start(self) -> None:
        """Make and watch the folder. Raises ``OSError``."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._removal.begin()
        self._observer.schedule(_Finished(self), str(self.path), recursive=False, event_filter=_WANTED)
        self._observer.start()

    def stop(self) -> None:
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=2)

    def finished(self, name: str) -> None:
        """Take a finished file. Called by the observer's thread; never waits."""
        if name.startswith("."):
            return
        with self._changed:
            if name == self._out:
                # It is being predicted, and was written again: the listing finds it if it is another file then.
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
        if self._removal.any_left and not self._settled():
            self._out = None
            time.sleep(max(0.0, min(timeout, self._settle_at - time.monotonic())))
            return None
        while True:
            with self._lock:
                # The worker is done with the last frame.
                self._out = None
                if not self._waiting and time.monotonic() < self._list_at:
                    self._changed.wait(max(0.0, min(ends, self._list_at) - time.monotonic()))
                name, (arrived, finished) = self._waiting.popitem(last=False) if self._waiting else (None, (0.0, False))
                # If another file takes the name from here on, the listing finds it.
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
            self._waiting[frame.file] = (frame.arrived, True)
            self._waiting.move_to_end(frame.file, last=False)

    def _settled(self) -> bool:
        """Remove what was left in the folder, now and then. Return whether frames may be taken from it."""
        now = time.monotonic()
        if now >= self._settle_at:
            self._removal.settle()
            self._settle_at = now + _LIST_AGAIN
        return not self._removal.full

    def _end(self, frame: Offered, to: Path | None) -> None:
        # A new file of this name needs no listing to be found. (One assignment: it takes no lock.)
        self._out = None
        try:
            found = os.lstat(self._within(frame.file))
        except OSError:
            # Gone, or not to be reached just now.
            found = None
        if found is not None and _ticket(found) != frame.ticket:
            # Another image has taken the name meanwhile: it is a new frame, once it is finished.
            self._list_at = 0.0
            return
        _, written, size = frame.ticket
        self._removal.remove(frame.file, Left(written, size, str(to) if to is not None else None))

    def _list(self) -> None:
        """List the folder, the oldest files first.

        Whether a file is finished is checked when its turn comes; with ``latest``, which drops files, at once.
        """
        now = time.monotonic()
        self._list_at = now + _LIST_AGAIN
        found: list[tuple[int, str]] = []
        with contextlib.suppress(OSError), os.scandir(self.path) as entries:
            for entry in entries:
                if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
                    continue
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if not self._removal.holds(entry.name, status):
                        found.append((status.st_mtime_ns, entry.name))
            self._removal.listed()
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
        """Return the file with its content, opened once.

        Return ``None`` for what is no plain file, was predicted already, or is still being written. A file that cannot
        be read is offered as a path, so that its reader reports why.
        """
        path, shown = self._within(name), printable(name)
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
                if not stat.S_ISREG(found.st_mode) or self._removal.holds(name, found):
                    return None
                if not (finished or nobody_writes(descriptor)):
                    self._list_at = min(self._list_at, time.monotonic() + 0.5)
                    return None
                try:
                    content = content_of(descriptor, shown, found.st_size)
                except (OSError, UnreadableFrameError):
                    content = path
            finally:
                os.close(descriptor)
        return Offered(shown, content, arrived, _ticket(found), frame_id=_identity(found), file=name)

    def _status(self, name: str) -> os.stat_result | None:
        """Return the file's status; ``None`` if it is no plain file."""
        try:
            found = os.lstat(self._within(name))
        except OSError:
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def _within(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def _drop(self, name: str) -> None:
        self._dropped += 1
        found = self._status(name)
        if found is not None and not self._removal.full:
            self._removal.remove(name, Left(found.st_mtime_ns, found.st_size, None))


class _Finished(FileSystemEventHandler):
    """Turns inotify's events into names of finished files."""

    def __init__(self, folder: ImageFolder) -> None:
        self._folder = folder

    def on_closed(self, event: FileSystemEvent) -> None:
        self._take(event, event.src_path)

    def on_moved(self, event: FileSystemEvent) -> None:
        # Without a source the file was moved in from elsewhere. Without a destination it was moved away.
        if event.src_path or (event.dest_path and is_finished(os.fsdecode(event.dest_path), moved_in=True)):
            self._take(event, event.dest_path)

    def on_created(self, event: FileSystemEvent) -> None:
        # A file that is linked in is only "created". One that is being written is not finished yet.
        path = Path(os.fsdecode(event.src_path))
        if not event.is_directory and is_finished(path):
            self._folder.finished(path.name)

    def _take(self, event: FileSystemEvent, path: str | bytes) -> None:
        if not event.is_directory and path and Path(os.fsdecode(path)).parent == self._folder.path:
            self._folder.finished(Path(os.fsdecode(path)).name)


def _ticket(found: os.stat_result) -> tuple[int, ...]:
    """Return what tells a file from a later one of the same name."""
    return found.st_ino, found.st_mtime_ns, found.st_size


def _identity(found: os.stat_result) -> str:
    """Return the same for the next process. Not the time of change: a nucleus gives the work folder to the component's
    user before it starts the agent again (GenericExternalService.java, updateComponentPathOwner), and that changes it.
    """
    return "-".join(f"{part:x}" for part in _ticket(found))
