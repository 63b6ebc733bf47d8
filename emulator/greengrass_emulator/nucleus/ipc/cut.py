"""The components whose IPC connections are cut: a fault, ordered by a file that the nucleus reads.

The nucleus closes such a component's connection, and every new one as soon as the component has said who it is.
"""

from collections.abc import Set
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError


class _Cut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    components: frozenset[str] = frozenset()


def cut_file(root: Path) -> Path:
    """Return the path of the file for the device with this root folder."""
    return root / "config" / "ipc-cut.json"


def read_cut(file: Path) -> frozenset[str]:
    """Return the components that are cut; empty if the file is missing or cannot be read."""
    try:
        return _Cut.model_validate_json(file.read_text(encoding="utf-8")).components
    except (FileNotFoundError, ValidationError):
        return frozenset()


def written_cut(components: Set[str]) -> str:
    """Return the file's text for these components."""
    return _Cut(components=frozenset(components)).model_dump_json()
