"""The folder that a rehearsal may empty: its own, and nobody else's at the same time."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greengrass_emulator.errors import WrongUse

MARK = ".rehearsal"
"""The file by which a later run knows that it may empty the folder."""


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Have the folder, made or emptied, and held until the end.

    Raises ``WrongUse`` for one that holds what no rehearsal left there, and for one in which another runs.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise WrongUse(f"{folder} is no folder, nor can it be one; name another with --folder") from None
    if not (folder / MARK).exists() and any(folder.iterdir()):
        raise WrongUse(
            f"{folder} holds files that no rehearsal left there, and a rehearsal empties its folder; "
            "name another with --folder, or empty it yourself"
        )
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongUse(f"another rehearsal runs in {folder}; let it end, or name another with --folder") from None
        (folder / MARK).touch()
        for each in folder.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            elif each.name != MARK:
                each.unlink()
        yield
    finally:
        os.close(held)
