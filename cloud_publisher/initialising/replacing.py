"""Changes files of a repository, all or none: whatever goes wrong in the middle, each file is as it was before.

The new files are written beside the old ones first; then each is exchanged by a rename, which cannot fail for lack of
space. The old ones are kept until all is done.
"""

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cloud_publisher.errors import WorkFailedError
from cloud_publisher.initialising.upgrade_plan import Change

_PREFIX = ".mlops-upgrade-"


def apply_changes(folder: Path, changes: Sequence[Change]) -> None:
    """Change every file below ``folder``.

    Raises ``WorkFailedError`` if a file is no longer what the change was made for, or cannot be changed; then none is.
    Should a former file not find back to its place, it is kept, and the error says where.
    """
    try:
        work = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    except OSError as error:
        raise _failed(folder, error) from error
    done: list[tuple[Path, Path | None]] = []
    made: list[Path] = []
    try:
        for number, change in enumerate(changes):
            if change.after is not None:
                (work / f"{number}.new").write_bytes(change.after)
        for number, change in enumerate(changes):
            target = folder / change.path
            _check_unchanged(target, change)
            old = work / f"{number}.old" if change.before is not None else None
            if old is not None:
                if change.after is not None:
                    shutil.copymode(target, work / f"{number}.new")
                done.append((target, old))
                target.rename(old)
            else:
                _make_folders(target.parent, made)
                done.append((target, None))
            if change.after is not None:
                (work / f"{number}.new").rename(target)
    except BaseException as error:
        stranded = _undo(done, made)
        if stranded:
            raise WorkFailedError(
                f"{', '.join(map(str, stranded))} could not be put back: {error}",
                f"the former files are in {work}: move them back, and remove that folder",
            ) from error
        shutil.rmtree(work, ignore_errors=True)
        if isinstance(error, OSError):
            raise _failed(folder, error) from error
        raise
    shutil.rmtree(work, ignore_errors=True)
    for change in changes:
        _remove_if_empty(folder, change)


def content_of(path: Path) -> bytes | None:
    """Return a file's content; None if it is not there. Raises ``OSError`` for what is no readable file."""
    return path.read_bytes() if path.exists() or path.is_symlink() else None


def _check_unchanged(target: Path, change: Change) -> None:
    if content_of(target) != change.before:
        raise WorkFailedError(
            f"{target} has changed since the difference was shown; nothing was changed",
            "look at it, and run it again",
        )


def _undo(done: list[tuple[Path, Path | None]], made: list[Path]) -> list[Path]:
    """Put the former files back, and return those for which that failed."""
    stranded = []
    for target, old in reversed(done):
        try:
            if old is None:
                with suppress(FileNotFoundError, NotADirectoryError):
                    target.unlink()
            elif old.exists() or old.is_symlink():
                old.replace(target)
        except OSError:
            stranded.append(target)
    for folder in reversed(made):
        with suppress(OSError):
            folder.rmdir()
    return stranded


def _make_folders(folder: Path, made: list[Path]) -> None:
    missing: list[Path] = []
    while not folder.exists():
        missing.insert(0, folder)
        folder = folder.parent
    for each in missing:
        each.mkdir()
        made.append(each)


def _remove_if_empty(folder: Path, change: Change) -> None:
    """Remove the folders that a removed file leaves empty; git does not keep them either."""
    if change.after is not None:
        return
    for parent in change.path.parents[:-1]:
        with suppress(OSError):
            (folder / parent).rmdir()


def _failed(folder: Path, error: OSError) -> WorkFailedError:
    return WorkFailedError(
        f"cannot write {error.filename or folder}: {error.strerror or error}; nothing was changed",
        "free the folder or the disk, and run it again",
    )
