"""Only one agent may use a work folder: a lock that the kernel frees with its holder, and a way to ask for the folder.

A killed nucleus leaves its components running, and the next one starts them a second time
(docs/greengrass-facts.md, "When the nucleus dies"). Two agents on one folder would each apply a document of their own.
"""

import contextlib
import fcntl
import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)


class WorkFolder:
    """The lock is on the folder itself, so it works on a full disk too.

    A file in it names the holder's process. An agent that asks for the folder locks that file, so the question ends
    with the process that asks.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path / "agent.pid"
        self._lock: int | None = None
        self._asking: int | None = None

    def take(self) -> bool:
        """Take the folder if it is free. Return whether this process holds it. Makes the folder; raises ``OSError``."""
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
        """Return the id of the process that holds the folder, as it wrote it; ``None`` if it could not."""
        try:
            return int(self._note.read_text("ascii"))
        except (OSError, ValueError):
            return None

    def ask(self) -> None:
        """Ask for the folder, until `ask_no_more`, `take`, or the end of this process."""
        if self._asking is not None:
            return
        try:
            asking = os.open(self._note, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            logger.warning("the folder cannot be asked for", extra={"file": str(self._note), "error": str(error)})
            return
        # If the holder is looking at this moment, the caller tries again soon.
        if _locked(asking, fcntl.LOCK_SH):
            self._asking = asking
        else:
            os.close(asking)

    def ask_no_more(self) -> None:
        """Stop asking for the folder."""
        asking, self._asking = self._asking, None
        if asking is not None:
            os.close(asking)

    def asked(self) -> bool:
        """Return whether a running process asks for the folder."""
        try:
            note = os.open(self._note, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _locked(note, fcntl.LOCK_EX)
        finally:
            os.close(note)

    def _name_ourselves(self) -> None:
        # Write in place: other processes hold locks on this file.
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
