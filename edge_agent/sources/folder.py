"""Images that appear in a folder: finished files only, none twice, none lost.

inotify says when a file is finished (closed after a write, or moved in); the folder itself is listed at the start,
whenever more came than the queue holds, and now and then, since an event can be lost and a file cannot.
"""

import contextlib
import logging
import shutil
import stat
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from edge_agent.sources.finished import is_finished
from edge_agent.sources.source import Offered
from shared_schema.messages import Prediction
from shared_schema.settings import FolderSource

logger = logging.getLogger(__name__)
_LIST_AGAIN: Final = 5.0
"""Seconds between two listings when nothing happens."""


class ImageFolder:
    """A folder as a source. Names that begin with a dot are somebody's unfinished business."""

    def __init__(self, settings: FolderSource, work: Path) -> None:
        self.path = work / settings.path
        self._done = self.path.with_name(f"{self.path.name}.done")
        self._unreadable = self.path.with_name(f"{self.path.name}.unreadable")
        self._settings = settings
        self._changed = threading.Condition()
        self._waiting: OrderedDict[str, float] = OrderedDict()
        # Predicted, and could not be removed: not to be predicted again.
        self._kept: dict[str, tuple[int, ...]] = {}
        self._list_at = 0.0
        self._dropped = 0
        self._out: str | None = None
        self._observer = Observer()

    @property
    def dropped(self) -> int:
        return self._dropped

    def start(self) -> None:
        """Raises ``OSError`` when the folder cannot be made or watched."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._observer.schedule(_Finished(self), str(self.path), recursive=False)
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
            self._waiting[name] = time.monotonic()
            self._changed.notify()

    def next(self, timeout: float) -> Offered | None:
        ends = time.monotonic() + timeout
        while True:
            with self._changed:
                # Whatever became of the last frame, its worker is done with it.
                self._out = None
                if not self._waiting and time.monotonic() < self._list_at:
                    self._changed.wait(max(0.0, min(ends, self._list_at) - time.monotonic()))
                name, arrived = self._waiting.popitem(last=False) if self._waiting else (None, 0.0)
            if name is None:
                if time.monotonic() >= self._list_at:
                    self._list()
                    if self._waiting:
                        continue
                if time.monotonic() >= ends:
                    return None
                continue
            ticket = self._ticket(name)
            if ticket is None or self._kept.get(name) == ticket:
                continue
            with self._changed:
                self._out = name
            return Offered(name, self.path / name, arrived, ticket)

    def done(self, frame: Offered, prediction: Prediction | None = None) -> None:  # noqa: ARG002  the form of every source
        self._end(frame, self._done if self._settings.after == "move" else None)

    def set_aside(self, frame: Offered, why: str) -> None:
        logger.warning("frame set aside", extra={"frame": frame.name, "why": why, "to": str(self._unreadable)})
        self._end(frame, self._unreadable)

    def give_back(self, frame: Offered) -> None:
        with self._changed:
            self._out = None
            self._waiting[frame.name] = frame.arrived
            self._waiting.move_to_end(frame.name, last=False)

    def _end(self, frame: Offered, to: Path | None) -> None:
        with self._changed:
            self._out = None
        if self._ticket(frame.name) != frame.ticket:
            # Another image has taken the name meanwhile: a frame of its own, once it is finished.
            self._list_at = 0.0
            return
        try:
            if to is None:
                (self.path / frame.name).unlink()
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
        """Take up what is in the folder and finished, the oldest first, as far as the queue holds."""
        self._list_at = time.monotonic() + _LIST_AGAIN
        found: list[tuple[int, str]] = []
        with contextlib.suppress(OSError):
            for path in self.path.iterdir():
                ticket = self._ticket(path.name)
                if ticket is not None and not path.name.startswith(".") and self._kept.get(path.name) != ticket:
                    found.append((ticket[1], path.name))
        for name in [name for name in self._kept if self._ticket(name) is None]:
            del self._kept[name]
        for _, name in sorted(found):
            if self._settings.drop == "block" and len(self._waiting) >= self._settings.queue:
                self._list_at = 0.0
                break
            if is_finished(self.path / name):
                self.finished(name)
            else:
                self._list_at = min(self._list_at, time.monotonic() + 0.5)

    def _ticket(self, name: str) -> tuple[int, ...] | None:
        """What tells this file from a later one of the same name; ``None`` for what is no plain file."""
        try:
            found = (self.path / name).lstat()
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size) if stat.S_ISREG(found.st_mode) else None

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
        self._take(event, event.dest_path)

    def on_created(self, event: FileSystemEvent) -> None:
        # A file moved in from elsewhere, or linked in, is only ever "created"; one being written is not finished yet.
        path = Path(_text(event.src_path))
        if not event.is_directory and is_finished(path):
            self._folder.finished(path.name)

    def _take(self, event: FileSystemEvent, path: str | bytes) -> None:
        if not event.is_directory and path and Path(_text(path)).parent == self._folder.path:
            self._folder.finished(Path(_text(path)).name)


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
