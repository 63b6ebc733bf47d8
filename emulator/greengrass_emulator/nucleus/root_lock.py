"""The lock of a root folder, which has one nucleus at a time. Held for a ``with`` block."""

import fcntl
from pathlib import Path

from greengrass_emulator.nucleus.errors import NucleusRunsAlready


class RootLock:
    """Entering raises NucleusRunsAlready if another process holds it. The end of the process releases it."""

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
                f"{self._path.parent}: another nucleus serves this folder", "end it first, or give another folder"
            ) from error

    def __exit__(self, *_: object) -> None:
        self._file.close()
