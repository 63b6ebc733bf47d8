"""The files that a pipeline gets of a repository: what a commit of its folder as it is now would hold.

Without git, or where git does not know the folder: all but hidden folders, and what builds and tools leave there.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from rehearsal.own_folder import MARK
from shared_schema.config import find_config

_SECONDS = 60
_NEVER_COMMITTED = {"__pycache__", "dist", "build", "rehearsed", "node_modules", "venv"}
_BYTE_CODE = {".pyc", ".pyo"}


def copy_source(repository: Path, target: Path) -> None:
    """Copy the repository's files into a new folder, with their modes."""
    files = source_files(repository)
    for folder in {name.parent for name in files}:
        (target / folder).mkdir(parents=True, exist_ok=True)
    for name in files:
        shutil.copy2(repository / name, target / name, follow_symlinks=False)


def source_files(repository: Path) -> list[Path]:
    """Return the paths of the files, relative to the repository, in their order."""
    committed = _known_to_git(repository)
    config = find_config(repository).relative_to(repository)
    # Below a folder that git ignores, as a rehearsal's own is, git knows nothing.
    return sorted(committed if committed and config in committed else _found(repository))


def _known_to_git(repository: Path) -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=repository, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    names = {Path(os.fsdecode(name)) for name in done.stdout.split(b"\0") if name} if done.returncode == 0 else set()
    # A file may be deleted and not committed yet; a submodule is a folder.
    return [name for name in names if os.path.lexists(repository / name) and not _is_folder(repository / name)]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _found(repository: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(repository):
        folders[:] = [
            each
            for each in folders
            if not each.startswith(".")
            and each not in _NEVER_COMMITTED
            and not each.endswith(".egg-info")
            # A rehearsal's folder may lie in the repository under any name; there are sockets in it while it runs.
            and not Path(at, each, MARK).exists()
        ]
        yield from (Path(at, each).relative_to(repository) for each in files if Path(each).suffix not in _BYTE_CODE)
