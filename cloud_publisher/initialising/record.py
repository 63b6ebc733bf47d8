"""``tools/written.json``: what `init` wrote, as digests, so that `init --upgrade` knows what people have changed since.

A repository from before there was such a record is known by the digests of what `init` wrote then.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cloud_publisher.errors import InvalidDocumentError
from shared_schema.diagnostics import Diagnostic, Place
from shared_schema.documents.writing import write_whole

RECORD = PurePosixPath("tools/written.json")
_BEFORE_RECORDS = "written_before_records.json"
_SINGLE = {"README.md", "Makefile", ".gitignore", "buildspec.build.yml", "buildspec.deploy.yml"}
_FOLDERS = {"tools", "agent"}
_STACKS, _PARAMETERS = "infrastructure", "parameters"


class Offline(BaseModel):
    """The machines whose wheels are in ``tools/`` too: their Python, such as ``3.12``, and pip's platform tags."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    python: str
    platforms: tuple[str, ...]


class Record(BaseModel):
    """What was written. ``files``: each file's SHA-256 in hexadecimal, by its path in the repository."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: Literal[1] = 1
    offline: Offline | None = None
    files: dict[str, str]

    def paths(self) -> list[PurePosixPath]:
        """The files that were written, and are ours: whatever else a record names, we do not touch."""
        return [path for each in self.files if is_ours(path := PurePosixPath(each))]

    def text(self) -> str:
        """The record's file."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"


def is_ours(path: PurePosixPath) -> bool:
    """Return whether `init --upgrade` brings newer ones of this file. The others are people's from the first day on."""
    if path == RECORD or path.is_absolute() or not path.parts or ".." in path.parts:
        return False
    top, *rest = path.parts
    return str(path) in _SINGLE or top in _FOLDERS or (top == _STACKS and rest[:1] != [_PARAMETERS])


def unit_of(path: PurePosixPath) -> str:
    """Return what a file is exchanged together with: a whole folder whose files fit each other, or itself alone."""
    return path.parts[0] if path.parts[0] in _FOLDERS else str(path)


def is_folder(unit: str) -> bool:
    """Return whether a unit is a whole folder."""
    return unit in _FOLDERS


def record_of(contents: Mapping[PurePosixPath, bytes], offline: Offline | None = None) -> Record:
    """Return the record of these files."""
    return Record(offline=offline, files=digests_of(contents))


def digests_of(contents: Mapping[PurePosixPath, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file that is ours."""
    return {str(path): digest_of(content) for path, content in contents.items() if is_ours(path)}


def digest_of(content: bytes) -> str:
    """Return a file's digest as the record has it."""
    return hashlib.sha256(content).hexdigest()


def read_record(folder: Path) -> Record | None:
    """Return a repository's record; None if it has none. Raises ``InvalidDocumentError`` for one that is no record."""
    path = folder / RECORD
    if not path.exists():
        return None
    try:
        return Record.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        words = error.strerror if isinstance(error, OSError) else error.errors()[0]["msg"]
        raise InvalidDocumentError(
            [
                Diagnostic(
                    Place(path.as_posix()),
                    f"it is no record of what `init` wrote: {words}",
                    "take it from version control again; or remove it, and all that differs counts as yours",
                )
            ]
        ) from error


def add_to_record(folder: Path, contents: Mapping[PurePosixPath, bytes]) -> None:
    """Add files that are written later to a repository's record; one without a record goes on without."""
    record = read_record(folder)
    if record is not None:
        files_then = {**record.files, **digests_of(contents)}
        write_whole(folder / RECORD, record.model_copy(update={"files": files_then}).text())


def before_records() -> Record:
    """Return the record of a repository that was made by the last `init` that wrote none."""
    text = (files(__package__) / _BEFORE_RECORDS).read_text(encoding="utf-8")
    return Record(files=json.loads(text))
