"""A model component's folder on the device: its manifest, and paths that stay inside."""

from pathlib import Path

from edge_agent.errors import RefusedModelError
from shared_schema.documents import read_document
from shared_schema.errors import DocumentError
from shared_schema.messages import Reason
from shared_schema.model_manifest import MANIFEST_FILE, ModelManifest

_LARGEST_MANIFEST = 4_000_000


def read_manifest(folder: Path) -> ModelManifest:
    """Read and check the folder's manifest. Raises ``RefusedModelError`` with its first faults."""
    path = folder / MANIFEST_FILE
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise RefusedModelError(Reason.MANIFEST, f"{MANIFEST_FILE} is no plain file; put the file itself in its place")
    if path.is_file() and path.stat().st_size > _LARGEST_MANIFEST:
        raise RefusedModelError(
            Reason.MANIFEST, f"{MANIFEST_FILE} is larger than {_LARGEST_MANIFEST} bytes; shorten it"
        )
    try:
        return read_document(path, ModelManifest, shown_as=MANIFEST_FILE).value
    except DocumentError as error:
        raise RefusedModelError(Reason.MANIFEST, "; ".join(str(fault) for fault in error.diagnostics[:3])) from None


def file_inside(folder: Path, name: str, reason: Reason = Reason.MANIFEST) -> Path:
    """Return a file's path that the manifest names. Raises ``RefusedModelError`` unless it is a plain file inside."""
    path = folder / name
    if not path.is_file() or path.is_symlink():
        raise RefusedModelError(
            reason, f"{MANIFEST_FILE} names {name}, and there is no such file beside it; build it, or correct the name"
        )
    if not path.resolve().is_relative_to(folder.resolve()):
        raise RefusedModelError(reason, f"{name} leaves the component's folder; put the file itself inside")
    return path
