"""The agent's wheel in a repository's ``tools/``: found, checked against the lock beside it, and read. Never installed.

Only ``edge_agent`` and ``shared_schema`` of it go to the device. The rest is the publisher and the rehearsal.
Sources of the formats: packaging.python.org, "Binary distribution format" and "Core metadata specifications".
"""

import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from cloud_publisher.build.requirement_lock import hashes_of_file, is_named_by
from cloud_publisher.errors import BuildFailedError

FOLDER = "tools"
"""The repository's folder of wheels, beside its config."""
LOCK = f"{FOLDER}/requirements.txt"
AGENT_PACKAGES = ("edge_agent", "shared_schema")
"""What of the wheel goes to the device."""
NOT_FOR_DEVICES = ("json_schemas/", "export/")
"""Folders of these packages that are for editors and documentation, in gitignore's syntax."""
_WRITE_ANEW = "take both as they were committed, or write them anew with `cloud-publisher init --upgrade`"


@dataclass(frozen=True, slots=True)
class CarriedWheel:
    """A wheel with the hash that its lock gives, and the metadata in it. ``content`` are the bytes that were hashed."""

    name: str
    content: bytes
    metadata: RawMetadata

    def unpack(self, folder: Path) -> None:
        """Write the agent's packages below a folder."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            for entry in archive.infolist():
                if PurePosixPath(entry.filename).parts[:1] in {(package,) for package in AGENT_PACKAGES}:
                    archive.extract(entry, folder)

    def lacks(self) -> list[str]:
        """The agent's packages that it does not have."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            there = {PurePosixPath(name).parts[0] for name in archive.namelist()}
        return [package for package in AGENT_PACKAGES if package not in there]

    def extras(self) -> dict[str, list[str]]:
        """What each extra requires, with what the distribution requires in any case."""
        wanted = [Requirement(text) for text in self.metadata.get("requires_dist", [])]
        return {
            extra: [_without_marker(each) for each in wanted if _is_of(each, extra)]
            for extra in self.metadata.get("provides_extra", [])
        }


def carried_wheel(repository: Path, distribution: str) -> CarriedWheel:
    """Return the distribution's wheel in the repository's ``tools/``.

    Raises ``BuildFailedError`` if it is not there, or more than one is, or its bytes are not those that
    ``tools/requirements.txt`` names.
    """
    path = _only_one(_wheels_of(repository / FOLDER, distribution), distribution)
    wheel = f"{FOLDER}/{path.name}"
    hashes = _hashes(repository / LOCK, path.name)
    content = _read(path, wheel)
    if not is_named_by(hashes, content):
        raise BuildFailedError(
            f"{wheel} is not the file that {LOCK} names: its hash is sha256:{hashlib.sha256(content).hexdigest()}",
            _WRITE_ANEW,
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            about = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            metadata, _ = parse_email(archive.read(about))
    except (zipfile.BadZipFile, StopIteration, UnicodeDecodeError):
        raise BuildFailedError(f"{wheel} is no wheel that can be read", _WRITE_ANEW) from None
    return CarriedWheel(path.name, content, metadata)


def _wheels_of(folder: Path, distribution: str) -> list[Path]:
    found = []
    for path in sorted(folder.glob("*.whl")):
        try:
            name, *_ = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        if name == canonicalize_name(distribution):
            found.append(path)
    return found


def _only_one(found: Iterable[Path], distribution: str) -> Path:
    match [*found]:
        case [path]:
            return path
        case []:
            raise BuildFailedError(
                f"there is no wheel of {distribution} in {FOLDER}/",
                "write it with `cloud-publisher init --upgrade`, or list the agent's packages instead of distribution",
            )
        case several:
            names = " and ".join(path.name for path in several)
            raise BuildFailedError(
                f"{FOLDER}/ has {names}, and the agent is built from one", f"remove all but the one that {LOCK} names"
            )


def _hashes(lock: Path, wheel: str) -> tuple[str, ...]:
    try:
        hashes = hashes_of_file(lock.read_text(encoding="utf-8"), wheel)
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise BuildFailedError(
            f"{LOCK}, which has the hash of {wheel}, cannot be read: {problem}", _WRITE_ANEW
        ) from error
    if not hashes:
        raise BuildFailedError(f"{LOCK} has no hash of {wheel}", _WRITE_ANEW)
    return hashes


def _read(path: Path, shown: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BuildFailedError(f"{shown} cannot be read: {error.strerror}", _WRITE_ANEW) from error


def _is_of(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _without_marker(requirement: Requirement) -> str:
    return str(requirement).partition(";")[0].strip()
