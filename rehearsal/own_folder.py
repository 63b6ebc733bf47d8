"""The folder of a rehearsal, which it may empty. Only one rehearsal uses it at a time."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rehearsal.errors import WrongUse

MARK = ".rehearsal"
"""The file by which a later run knows that it may empty the folder."""


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Make the folder or empty it, and lock it until the block ends.

    Raises ``WrongUse`` if it has files that no rehearsal wrote, or if another rehearsal runs in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise WrongUse(f"{folder} is not a folder, nor can it be one", "name another with --folder") from None
    if not (folder / MARK).exists() and any(folder.iterdir()):
        raise WrongUse(
            f"{folder} holds files that no rehearsal left there, and a rehearsal empties its folder",
            "name another with --folder, or empty it yourself",
        )
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongUse(f"another rehearsal runs in {folder}", "let it end, or name another with --folder") from None
        (folder / MARK).touch()
        for each in folder.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            elif each.name != MARK:
                each.unlink()
        # It may lie in the repository that is rehearsed, whose copy has what git does not ignore.
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        yield
    finally:
        os.close(held)
