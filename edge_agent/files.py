"""Writes a small file so that a reader, or the next start, sees the old one or the new one, never half of it."""

import os
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file beside it, flush it to the disk, and rename it. Makes the folder. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
