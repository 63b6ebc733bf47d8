"""One agent on a work folder: a lock that the kernel frees with its holder, and a way to ask the holder to give way.

A nucleus that is killed leaves its components running, and the next one starts them once more beside (greengrass-
facts.md): two agents on one folder would each apply its own document.
"""

import contextlib
import fcntl
import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)


class WorkFolder:
    """What is locked is the folder itself, so that a full disk keeps nobody out. Beside it a file names the holder's
    process, and whoever asks for the folder locks that file: with the asker the question is gone too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path / "agent.pid"
        self._lock: int | None = None
        self._asking: int | None = None

    def take(self) -> bool:
        """Whether the folder is this process's now. Makes the folder; raises ``OSError`` where that cannot be."""
        if self._lock is not None:
            return True
        self.path.mkdir(parents=True, exist_ok=True)
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if not _locked(folder, fcntl.LOCK_EX):
            os.close(folder)
            return False
        self._lock = folder
        self.ask_no_more()
        self._name_ourselves()
        return True

    def holder(self) -> int | None:
        """The process that holds the folder, as it wrote; ``None`` when it could not."""
        try:
            return int(self._note.read_text("ascii"))
        except (OSError, ValueError):
            return None

    def ask(self) -> None:
        """Have the holder know that the folder is wanted, until `ask_no_more`, `take`, or the end of this process."""
        if self._asking is not None:
            return
        try:
            asking = os.open(self._note, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            logger.warning("the folder cannot be asked for", extra={"file": str(self._note), "error": str(error)})
            return
        # Where the holder looks at this very moment, the next try is soon.
        if _locked(asking, fcntl.LOCK_SH):
            self._asking = asking
        else:
            os.close(asking)

    def ask_no_more(self) -> None:
        """Withdraw the question."""
        asking, self._asking = self._asking, None
        if asking is not None:
            os.close(asking)

    def asked(self) -> bool:
        """Whether a living process asks for the folder."""
        try:
            note = os.open(self._note, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _locked(note, fcntl.LOCK_EX)
        finally:
            os.close(note)

    def _name_ourselves(self) -> None:
        # In place: askers hold locks on this very file.
        with contextlib.suppress(OSError):
            note = os.open(self._note, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                os.ftruncate(note, os.pwrite(note, b"%d\n" % os.getpid(), 0))
            finally:
                os.close(note)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
