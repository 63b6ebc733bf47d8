"""Files written whole, and files that survive a power cut.

A file's content survives it once it is synced, its name once its folder is synced. The root folder itself is synced by
whoever makes the device.
"""

import os
from pathlib import Path


def write_whole(path: Path, text: str, *, durably: bool = False, mode: int = 0o666) -> None:
    """Replace a file's content, wholly or not at all, and make its folder. Text is written in UTF-8.

    If ``durably``, it also survives a power cut. The umask takes from ``mode``. Raises ``OSError``; the old file is
    then still there.
    """
    if durably:
        make_folder(path.parent)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)
            if durably:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if durably:
        sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, and sync their names. An existing folder is left alone."""
    missing = [folder]
    while not missing[-1].exists():
        missing.append(missing[-1].parent)
    for each in reversed(missing[:-1]):
        each.mkdir(exist_ok=True)
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Sync a folder's names: only then does a rename survive a power cut."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def sync_file(path: Path) -> None:
    """Sync a file's content."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_tree(folder: Path) -> None:
    """Sync everything in a folder, names and contents, but not the folder's own name."""
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
        elif path.is_file():
            sync_file(path)
    sync_folder(folder)
