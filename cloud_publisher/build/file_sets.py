"""The files that a component is made from, and reproducible archives of them: the same bytes on any machine and day."""

import gzip
import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from pathspec import GitIgnoreSpec

from cloud_publisher.errors import BuildFailedError
from shared_schema.digests import digest_of_entries, sha256_of_file
from shared_schema.json_value import JsonObject

ALWAYS_EXCLUDED = (
    "/recipe.json",
    "/gdk-config.json",
    "/greengrass-build/",
    "/zip-build/",
    ".git/",
    ".gitignore",
    ".gitattributes",
    ".gitkeep",
    ".hg/",
    ".svn/",
    ".env",
    ".venv/",
    ".tox/",
    ".nox/",
    ".idea/",
    ".vscode/",
    "__pycache__/",
    "*.py[cod]",
    ".mypy_cache/",
    ".pytest_cache/",
    ".ruff_cache/",
    ".ipynb_checkpoints/",
    "*.egg-info/",
    ".DS_Store",
)
"""Patterns in gitignore's syntax: what GDK leaves out too, and what tools leave behind."""
_OLDEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file and its name in the archive, with ``/`` between. ``link`` is a link's target; a link is never packed."""

    name: str
    path: Path
    executable: bool = False
    link: str | None = None


def files_below(
    folder: Path,
    *,
    exclude: Iterable[str] = (),
    defaults: bool = True,
    leave_out: Path | None = None,
    left_out: list[str] | None = None,
) -> list[SourceFile]:
    """Return the files of a folder in the order of their names, without what is excluded.

    ``defaults``: exclude also what is always excluded of a source folder (not of a build's output or a model package).
    ``leave_out`` is a folder that is never entered (the build's own output, if it is inside). ``left_out`` gets the
    names of what is excluded; a folder's name ends with ``/`` and stands for all below it.
    Raises ``BuildFailedError`` for what is neither file, folder nor link.
    """
    spec = GitIgnoreSpec.from_lines([*(ALWAYS_EXCLUDED if defaults else ()), *exclude])
    found: list[SourceFile] = []
    without: list[str] = []
    for parent, folders, names in os.walk(folder, onerror=_unreadable):
        base = Path(parent)
        kept = []
        for name in folders:
            path = base / name
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                names.append(name)
            elif not spec.match_file(f"{relative}/") and (leave_out is None or path.resolve() != leave_out.resolve()):
                kept.append(name)
            else:
                without.append(f"{relative}/")
        folders[:] = kept
        for name in names:
            path = base / name
            relative = path.relative_to(folder).as_posix()
            if spec.match_file(relative):
                without.append(relative)
            else:
                found.append(_source_file(relative, path))
    if left_out is not None:
        left_out.extend(sorted(without, key=str.encode))
    return sorted(found, key=lambda file: file.name.encode())


def _unreadable(error: OSError) -> None:
    # os.walk silently skips a folder that it may not read: the component would lack it.
    raise error


def _source_file(name: str, path: Path) -> SourceFile:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return SourceFile(name, path, link=os.readlink(path))  # noqa: PTH115 - Path.readlink tidies the target's text
    if not stat.S_ISREG(mode):
        raise BuildFailedError(
            f"{path} is neither a file nor a folder", "take it away, or name it in the component's build.exclude"
        )
    return SourceFile(name, path, executable=bool(mode & stat.S_IXUSR))


@dataclass(frozen=True, slots=True)
class FileListing:
    """Differs whenever the files do: each SHA-256 by name, the executables, each link's target by name."""

    files: Mapping[str, str]
    executable: Sequence[str]
    links: Mapping[str, str]

    def as_json(self) -> JsonObject:
        """The listing, file by file."""
        return {"files": dict(self.files), "executable": [*self.executable], "links": dict(self.links)}

    def digested(self) -> JsonObject:
        """The listing with one digest of all files."""
        return {**self.as_json(), "files": digest_of_entries(self.files)}


def listing_of(files: Iterable[SourceFile]) -> FileListing:
    """Return the listing of these files; each is read."""
    listed = list(files)
    return FileListing(
        files={file.name: sha256_of_file(file.path) for file in listed if file.link is None},
        executable=[file.name for file in listed if file.executable],
        links={file.name: file.link for file in listed if file.link is not None},
    )


def merged(component: str, *sets: tuple[str, list[SourceFile]]) -> list[SourceFile]:
    """Merge several sets of files. Each set comes with its name for error messages.

    Raises ``BuildFailedError`` for a name that two sets have.
    """
    owner: dict[str, str] = {}
    files: list[SourceFile] = []
    for whose, several in sets:
        for file in several:
            if file.name in owner:
                raise BuildFailedError(
                    f"{component}: both {owner[file.name]} and {whose} have a file {file.name!r}",
                    "rename one of them, or leave the folder's out with build.exclude",
                )
            owner[file.name] = whose
            files.append(file)
    return sorted(files, key=lambda file: file.name.encode())


def write_zip(files: Iterable[SourceFile], target: Path) -> None:
    """Pack files at the top of a zip; the nucleus unpacks it to a folder with the zip's name.

    Stored, not deflated: deflated bytes differ between versions of zlib, and weights hardly shrink.
    Raises ``BuildFailedError`` for a link.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for file in _packable(files):
            info = zipfile.ZipInfo(file.name, _OLDEST_ZIP_DATE)
            info.external_attr = (stat.S_IFREG | _mode(file)) << 16
            info.create_system = 3
            info.file_size = file.path.stat().st_size
            with file.path.open("rb") as source, archive.open(info, "w") as packed:
                shutil.copyfileobj(source, packed, _CHUNK)


def write_tar_gz(files: Iterable[SourceFile], target: Path) -> None:
    """Pack files as a ``.tar.gz``, stored too. Raises ``BuildFailedError`` for a link."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=0, mtime=0) as zipped,
        tarfile.open(fileobj=cast(IO[bytes], zipped), mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for file in _packable(files):
            entry = tarfile.TarInfo(file.name)
            entry.size, entry.mode = file.path.stat().st_size, _mode(file)
            with file.path.open("rb") as source:
                archive.addfile(entry, source)


def _packable(files: Iterable[SourceFile]) -> Iterable[SourceFile]:
    for file in files:
        if file.link is not None:
            raise BuildFailedError(
                f"{file.path} is a link to {file.link!r}, and an archive for a device holds files only",
                "put the file itself in its place, or name the link in the component's build.exclude",
            )
        yield file


def _mode(file: SourceFile) -> int:
    return 0o755 if file.executable else 0o644
