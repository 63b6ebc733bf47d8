"""A wheel's file: its name and bytes, the same bytes whenever the members are the same.

Stored, not deflated, with no time stamps, and in a fixed order. So a wheel of an installation and one that is built
from the checkout of the same version do not differ. Source of the format: packaging.python.org, "Binary distribution
format".
"""

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

_OLDEST_DATE = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel. ``name`` is its file's name."""

    name: str
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the file in hexadecimal, as pip's ``--hash`` takes it."""
        return hashlib.sha256(self.content).hexdigest()


def wheel_of(members: Mapping[str, bytes], *, information: str, tag: str) -> Wheel:
    """Return the wheel with these files, and a RECORD of them.

    ``information`` is the name of its ``.dist-info`` folder, ``tag`` the one compatibility tag.
    """
    # The folder of metadata comes last, as the format recommends; an installer then finds it without reading all.
    ordered = sorted(members, key=lambda name: (name.startswith(f"{information}/"), name.encode()))
    record = f"{information}/RECORD"
    lines = [f"{name},sha256={record_digest(members[name], 'sha256')},{len(members[name])}" for name in ordered]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in ordered:
            archive.writestr(_entry(name), members[name])
        archive.writestr(_entry(record), "\n".join([*lines, f"{record},,", ""]))
    return Wheel(f"{information.removesuffix('.dist-info')}-{tag}.whl", packed.getvalue())


def record_digest(content: bytes, algorithm: str) -> str:
    """Return a digest as a RECORD has it: base64 for URLs, with no padding."""
    return base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=").decode()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _OLDEST_DATE)
    entry.external_attr = _PLAIN_FILE
    entry.create_system = 3
    return entry
