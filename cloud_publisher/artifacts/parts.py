"""The parts that a large file is uploaded in, and their checksums. Only reads the file; makes no S3 calls.

Part sizes depend on the file's size alone, so that a later run can go on with the parts of an earlier one.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PART_SIZE = 8 << 20
"""Bytes. S3 takes 5 MiB or more, and 10,000 parts: a component's two gigabytes are 250."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file: its number from 1, its offset and size in bytes."""

    number: int
    offset: int
    size: int

    def read(self, path: Path) -> bytes:
        """Return the part's bytes. Raises ``OSError``, also if the file has become shorter."""
        with path.open("rb") as stream:
            stream.seek(self.offset)
            data = stream.read(self.size)
        if len(data) != self.size:
            raise OSError(0, "it has become shorter while it was uploaded", str(path))
        return data


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part as S3 lists it: ``etag`` without quotes; ``sha256`` in base64, none where the store keeps none."""

    number: int
    size: int
    etag: str
    sha256: str | None

    def holds(self, data: bytes) -> bool:
        """Return whether the part has exactly these bytes. Without a checksum the ETag decides, as their MD5."""
        if self.size != len(data):
            return False
        if self.sha256 is not None:
            return self.sha256 == sha256_base64(data)
        return self.etag == hashlib.md5(data, usedforsecurity=False).hexdigest()


def parts_of(size: int) -> list[Part]:
    """The parts of a file of ``size`` bytes."""
    return [
        Part(number, offset, min(PART_SIZE, size - offset))
        for number, offset in enumerate(range(0, size, PART_SIZE), start=1)
    ]


def sha256_base64(data: bytes) -> str:
    """The SHA-256 of some bytes as S3 writes it."""
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def composite_checksum(checksums: Iterable[str]) -> str:
    """The checksum that S3 gives an object of parts: of their checksums in order, and how many (Amazon S3 user guide,
    "Checking object integrity", composite checksums).
    """
    raw = [base64.b64decode(each) for each in checksums]
    return f"{sha256_base64(b''.join(raw))}-{len(raw)}"


def composite_checksum_of_file(path: Path) -> str:
    """Return the composite checksum that the file will have once it is uploaded in parts."""
    return composite_checksum(sha256_base64(part.read(path)) for part in parts_of(path.stat().st_size))
