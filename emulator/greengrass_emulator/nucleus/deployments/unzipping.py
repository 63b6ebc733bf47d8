"""Unpacking a zip from outside: no entry may leave its folder, and sizes are limited."""

import zipfile
import zlib
from pathlib import Path, PurePosixPath

from greengrass_emulator.nucleus.errors import DeploymentFailed

_LARGEST_UNPACKED = 8 * 1024**3
_MOST_ENTRIES = 100_000
UNPACKABLE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, DeploymentFailed)
"""zipfile raises RuntimeError for a password or an unknown compression."""


def extract(archive: Path, target: Path) -> None:
    """Unpack an archive into a folder. Raises one of UNPACKABLE, and then may leave the folder half full."""
    with zipfile.ZipFile(archive) as opened:
        entries = opened.infolist()
        for entry in entries:
            parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
            if ".." in parts or entry.filename.startswith(("/", "\\")):
                raise DeploymentFailed(f"it holds {entry.filename!r}, which leads out of its folder")
        if len(entries) > _MOST_ENTRIES:
            raise DeploymentFailed(f"it holds {len(entries)} entries, more than {_MOST_ENTRIES}")
        if sum(entry.file_size for entry in entries) > _LARGEST_UNPACKED:
            raise DeploymentFailed(f"it unpacks to more than {_LARGEST_UNPACKED} bytes")
        opened.extractall(target)
