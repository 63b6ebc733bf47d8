"""Which components' connections somebody has cut: a fault, told to a nucleus from outside by a file that it reads.

A component that is cut finds its connection closed, and closed again as soon as it has said who it is.
"""

from collections.abc import Set
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError


class _Cut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    components: frozenset[str] = frozenset()


def cut_file(root: Path) -> Path:
    """Where the components of the device with this root folder are named."""
    return root / "config" / "ipc-cut.json"


def read_cut(file: Path) -> frozenset[str]:
    """The components that are cut; none where the file is not there, or cannot be read."""
    try:
        return _Cut.model_validate_json(file.read_text(encoding="utf-8")).components
    except (FileNotFoundError, ValidationError):
        return frozenset()


def written_cut(components: Set[str]) -> str:
    """What the file has for these components."""
    return _Cut(components=frozenset(components)).model_dump_json()
