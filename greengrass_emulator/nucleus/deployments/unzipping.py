"""Unpacking a zip that somebody else has made: nothing leads out of its folder, and nothing is without measure."""

import zipfile
import zlib
from pathlib import Path, PurePosixPath

from greengrass_emulator.nucleus.errors import DeploymentFailed

_LARGEST_UNPACKED = 8 * 1024**3
_MOST_ENTRIES = 100_000
UNPACKABLE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, DeploymentFailed)
"""RuntimeError is what zipfile says to a password or a compression that it does not know."""


def extract(archive: Path, target: Path) -> None:
    """Unpack an archive into a folder, which may be left half full. Raises one of UNPACKABLE."""
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
