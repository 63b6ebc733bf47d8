"""Writes a file so that a reader, or the next start, sees the old one or the new one, never half of it."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes | str, *, mode: int = 0o644) -> None:
    """Write a file beside it, flush it to the disk, and rename it. Makes the folder. Text is written in UTF-8.

    It ends with these permissions, whatever it had before. Raises ``OSError``; the old file is then still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            # mkstemp makes a file that only its owner may read; a later stage may run as another user.
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
