"""The files of artifacts: unpacking a zip from outside, comparing and removing folders, and a file's mode.

No entry of a zip may leave its folder, and sizes are limited.
"""

import filecmp
import os
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from greengrass_emulator.nucleus.errors import DeploymentFailed
from greengrass_emulator.nucleus.recipes.component import Artifact

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


def mode_of(artifact: Artifact, *, owner_has_it: bool) -> int:
    """Return a file's mode: an owner may read, and who may execute may read.

    Permission.java:20-46, toFileSystemPermission. ``owner_has_it``: the file was given to the component's user.
    """
    mode = 0
    if artifact.read == "ALL" or artifact.execute == "ALL":
        mode |= 0o444
    elif owner_has_it:
        mode |= 0o400 if artifact.read == artifact.execute == "NONE" else 0o440
    if artifact.execute == "ALL":
        mode |= 0o111
    elif artifact.execute == "OWNER" and owner_has_it:
        mode |= 0o110
    return mode


def same_files(folder: Path, other: Path) -> bool:
    """Return whether two folders hold the same files with the same content; False if a file cannot be read."""
    names = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    if names != {path.relative_to(other) for path in other.rglob("*") if path.is_file()}:
        return False
    try:
        return all(filecmp.cmp(folder / name, other / name, shallow=False) for name in names)
    except PermissionError:
        return False


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, also what is read-only. A missing one is no error."""
    if not folder.exists():
        return
    for path, _, _ in os.walk(folder):
        # Nobody can write to unpacked folders, not even their owner.
        Path(path).chmod(0o700)
    shutil.rmtree(folder)
