"""A root folder has one nucleus at a time: held from one end of a ``with`` block to the other."""

import fcntl
from pathlib import Path

from greengrass_emulator.nucleus.errors import NucleusRunsAlready


class RootLock:
    """Entering raises NucleusRunsAlready where another process holds it. It ends with its process at the latest."""

    def __init__(self, root: Path) -> None:
        self._path = root / "nucleus.lock"

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise NucleusRunsAlready(
                f"{self._path.parent}: another nucleus serves this folder. End it first, or give another folder."
            ) from error

    def __exit__(self, *_: object) -> None:
        self._file.close()
