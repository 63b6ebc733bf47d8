"""Control's own copies of models, each in a folder named by its digest: what is vetted is what serves.

A nucleus, an operator or another component may change an artifact at any moment. The digest is taken of the very bytes
that are written. Links and other special files are refused before they are opened.
"""

import errno
import hashlib
import logging
import os
import shutil
import stat
import threading
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_agent.errors import RefusedModelError, UnwritableError, VettingAbandonedError
from edge_agent.vetting.protocol import Outcome, refused
from shared_schema.digests import digest_of_entries, files_of_model, model_digest_of_folder
from shared_schema.errors import UndigestibleModelError
from shared_schema.messages import Reason

logger = logging.getLogger(__name__)
_CHUNK: Final = 1 << 20
SPARE: Final = 4 << 20
"""Bytes that a copy leaves free, for verdicts, logs and predictions."""
PATIENCE: Final = 60.0
SLOWEST: Final = 10e6
"""A copy may take ``PATIENCE`` seconds, and as many more as its bytes take at ``SLOWEST`` bytes a second."""
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's files in a folder that control has looked at. ``ms``: how long copying and digesting took."""

    folder: Path
    digest: str
    ms: float


class Copies:
    """The copies in one folder, which nobody else uses. Called by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._there: dict[str, ModelFiles] = {}
        self._held: Counter[Path] = Counter()

    def clear(self) -> None:
        """Remove all copies: also what an earlier process left."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._there.clear()

    def make(self, source: Path, digest: str | None, abandoned: threading.Event | None = None) -> ModelFiles | Outcome:
        """Copy a model's files; return the copy that is there already if this process has made it.

        Where the folder cannot be written at all, the files are digested and used where they are. Return a refusal
        (``digest``, ``artifact``, ``disk``, ``timeout``) if they cannot be copied, or are not those of ``digest``.
        Raises ``VettingAbandonedError``.
        """
        made = self._there.get(digest) if digest is not None else None
        if made is not None and made.folder.is_dir():
            return ModelFiles(made.folder, made.digest, 0.0)
        began = time.perf_counter()
        try:
            where, found = self._made(source, digest, abandoned)
        except RefusedModelError as error:
            return refused(error.reason, str(error), {"digest": _ms_since(began)})
        made = ModelFiles(where, found, _ms_since(began))
        if where != source:
            self._there[found] = made
        return made

    def hold(self, folder: Path) -> None:
        """Keep a copy while a model is open on it."""
        self._held[folder] += 1

    def release(self, folder: Path) -> None:
        """End a hold, and remove the copy with its last one. A folder that is none of ours is left alone."""
        self._held[folder] -= 1
        if self._held[folder] <= 0:
            del self._held[folder]
            self._remove(folder)

    def drop(self, folder: Path) -> None:
        """Remove a copy unless somebody holds it."""
        if folder not in self._held:
            self._remove(folder)

    def keep_only(self, digests: Collection[str]) -> None:
        """Remove the copies that nobody holds, but those of ``digests``."""
        for digest, made in list(self._there.items()):
            if digest not in digests and made.folder not in self._held:
                self._remove(made.folder)

    def _remove(self, folder: Path) -> None:
        if folder.parent == self._folder:
            self._there.pop(folder.name, None)
            shutil.rmtree(folder, ignore_errors=True)

    def _made(self, source: Path, digest: str | None, abandoned: threading.Event | None) -> tuple[Path, str]:
        beside = self._folder / ".new"
        try:
            try:
                found = self._copy(sorted(files_of_model(source)), beside, abandoned)
                where = self._folder / _expected(found, digest)
                _moved(beside, where)
            except UnwritableError as error:
                logger.warning("used where it is", extra={"folder": str(source), "why": str(error)})
                found, where = _expected(model_digest_of_folder(source), digest), source
        except (UndigestibleModelError, UnicodeEncodeError) as error:
            raise RefusedModelError(Reason.DIGEST, str(error)) from None
        except OSError as error:
            # This is no fault of the model's content: the device cannot read it.
            raise RefusedModelError(
                Reason.ARTIFACT,
                f"{error.filename} cannot be read ({error.strerror})",
                "give the artifact `Permission: {Read: ALL}`, so that the agent may vet it",
            ) from None
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return where, found

    def _copy(self, files: list[tuple[str, Path]], place: Path, abandoned: threading.Event | None) -> str:
        """Copy the files, and return the digest of what was written."""
        size = sum(path.lstat().st_size for _, path in files)
        ends = time.monotonic() + PATIENCE + size / SLOWEST
        shutil.rmtree(place, ignore_errors=True)
        try:
            place.mkdir(parents=True)
            free = shutil.disk_usage(place).free
        except OSError as error:
            raise _not_written(error) from None
        if free < size + SPARE:
            raise _no_room(f"the copy takes {_mib(size)} MiB, and {_mib(free)} are free below {self._folder}")
        entries: dict[str, str] = {}
        for name, path in files:
            entries[name] = _copied(path, place / name, ends, abandoned)
        return digest_of_entries(entries)


def _copied(source: Path, to: Path, ends: float, abandoned: threading.Event | None) -> str:
    """Copy one file. Return the SHA-256 of its bytes, as hexadecimal digits."""
    digest = hashlib.sha256()
    # Without waiting: it may have become a FIFO since it was listed.
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(reading, "rb", buffering=0) as stream:
        if not stat.S_ISREG(os.fstat(reading).st_mode):
            raise UndigestibleModelError(f"{source.name}: is no file any more", "put the file itself in its place")
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            writing = to.open("xb", buffering=0)
        except OSError as error:
            raise _not_written(error) from None
        with writing:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                try:
                    left = memoryview(chunk)
                    while left:
                        left = left[writing.write(left) :]
                except OSError as error:
                    raise _not_written(error) from None
                if abandoned is not None and abandoned.is_set():
                    raise VettingAbandonedError("a later proposal ended this vetting")
                if time.monotonic() > ends:
                    raise RefusedModelError(
                        Reason.TIMEOUT, "digest: the files were not copied in time; look at the device's disk"
                    )
    return digest.hexdigest()


def _moved(beside: Path, where: Path) -> None:
    try:
        shutil.rmtree(where, ignore_errors=True)
        beside.rename(where)
    except OSError as error:
        raise _not_written(error) from None


def _expected(found: str, digest: str | None) -> str:
    if digest is not None and found != digest:
        raise RefusedModelError(
            Reason.DIGEST,
            f"the files have the digest {found[:16]}…, and the desired state names {digest[:16]}…: "
            "they are not what was released",
            "build and deploy again",
        )
    return found


def _not_written(error: OSError) -> Exception:
    if error.errno in _NO_ROOM:
        return _no_room(f"the copy could not be written ({error.strerror}: {error.filename or 'its files'})")
    return UnwritableError(str(error))


def _no_room(problem: str) -> RefusedModelError:
    return RefusedModelError(Reason.DISK, f"digest: {problem}", "free some of the disk, then deploy again")


def _ms_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)


def _mib(size: int) -> int:
    return -(-size // (1 << 20))
