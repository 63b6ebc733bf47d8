"""Writes files into a folder, all or none. Never overwrites a file."""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from cloud_publisher.errors import WorkFailedError, WrongUseError

_SHOWN = 10


def write_new(folder: Path, contents: Mapping[PurePosixPath, bytes]) -> list[Path]:
    """Write every file below ``folder``, which is created if missing. Returns their paths, in order.

    Raises ``WrongUseError`` if one of them exists already, before anything is written, and ``WorkFailedError`` if the
    folder cannot be written; then the files that were already written are removed again.
    """
    check_free(folder, contents)
    made: list[Path] = []
    try:
        for path, content in sorted(contents.items()):
            target = folder / path
            made += _make_folders(target.parent)
            # Create-only: a file that came meanwhile is somebody else's.
            with target.open("xb") as stream:
                made.append(target)
                stream.write(content)
    except BaseException as error:
        _take_away(made)
        if isinstance(error, OSError):
            raise WorkFailedError(
                f"cannot write {error.filename or folder}: {error.strerror or error}; nothing was left behind",
                "free the folder or the disk, and run it again",
            ) from error
        raise
    return [path for path in made if path.is_file()]


def check_free(folder: Path, contents: Iterable[PurePosixPath]) -> None:
    """Raise ``WrongUseError`` if one of the files exists already, or something is in the way of one."""
    taken = sorted({found for path in contents if (found := _taken(folder, path)) is not None})
    if taken:
        shown = ", ".join(str(path) for path in taken[:_SHOWN]) + (" …" if len(taken) > _SHOWN else "")
        raise WrongUseError(
            f"{folder} has {shown} already",
            "choose an empty folder, or move these away: nothing is overwritten. --upgrade brings newer ones",
        )


def not_there_yet(folder: Path, contents: Mapping[PurePosixPath, bytes]) -> dict[PurePosixPath, bytes]:
    """Return the files that are not yet below ``folder`` with exactly these bytes."""
    return {
        path: content
        for path, content in contents.items()
        if not ((folder / path).is_file() and (folder / path).read_bytes() == content)
    }


def _taken(folder: Path, path: PurePosixPath) -> Path | None:
    """Return what prevents writing a file: the file itself, or a file in place of one of its folders."""
    if (folder / path).exists() or (folder / path).is_symlink():
        return folder / path
    here = folder
    for part in path.parts[:-1]:
        here /= part
        if here.exists() and not here.is_dir():
            return here
    return folder if folder.exists() and not folder.is_dir() else None


def _make_folders(folder: Path) -> list[Path]:
    missing: list[Path] = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir()
    return list(reversed(missing))


def _take_away(made: list[Path]) -> None:
    for path in reversed(made):
        if path.is_dir():
            # Somebody may have put a file into it meanwhile.
            if not any(path.iterdir()):
                path.rmdir()
        else:
            path.unlink(missing_ok=True)
