"""Unpacks a model's archive, which is not trusted: it can write only into the folder that it is unpacked to.

By tarfile's ``data`` filter (PEP 706): no absolute name, no ``..``, no link to outside, no device, no special mode.
"""

import gzip
import lzma
import shutil
import tarfile
import zlib
from pathlib import Path

from cloud_publisher.errors import ModelUnavailableError

_MOST_MEMBERS = 100_000
_KEPT_FREE = 256 << 20
"""Bytes of the disk that must stay free."""


def unpack(archive: Path, folder: Path, *, source: str) -> None:
    """Unpack ``archive`` into ``folder``. ``source`` names the archive's origin in errors.

    Raises ``ModelUnavailableError`` if it is no archive, is truncated, would write outside the folder, or is larger
    than the disk.
    """
    free = shutil.disk_usage(folder).free - _KEPT_FREE
    members = size = 0
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                members += 1
                size += member.size
                if members > _MOST_MEMBERS or size > free:
                    raise ModelUnavailableError(
                        f"the archive of {source} unpacks to more than {_MOST_MEMBERS} files, or than the disk holds "
                        f"({size} bytes so far, {free} free)",
                        "pack only the model, or give the build a larger disk",
                    )
                tar.extract(member, folder, filter="data")
    except tarfile.FilterError as error:
        raise ModelUnavailableError(
            f"the archive of {source} would write outside its folder: {error}",
            "do not use this model before you know who packed it; register one without such entries",
        ) from error
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise ModelUnavailableError(
            f"the archive of {source} is broken or truncated: {error}", "upload it again, and register it again"
        ) from error
    if members == 0:
        raise ModelUnavailableError(f"the archive of {source} is empty", "pack the model, and register it again")
