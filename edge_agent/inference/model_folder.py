"""A model component's folder on the device: where a nucleus puts it, its manifest, and paths that stay inside."""

from pathlib import Path

from edge_agent.errors import ArtifactError, RefusedModelError
from shared_schema.diagnostics import first_few
from shared_schema.documents import read_document
from shared_schema.errors import DocumentError
from shared_schema.messages import Reason
from shared_schema.model_manifest import MANIFEST_FILE, ModelManifest

_LARGEST_MANIFEST = 4_000_000


def model_folder(root: Path, component: str, version: str) -> Path:
    """Return the only folder under ``<root>/packages/artifacts-unarchived/<component>/<version>/``.

    Neither the agent's recipe nor its configuration may name it, or it would restart with every model
    (docs/architecture.md, "The desired state"). Raises ``ArtifactError`` if it is not there (yet), or if there are
    several.
    """
    place = root / "packages" / "artifacts-unarchived" / component / version
    try:
        folders = [each for each in place.iterdir() if each.is_dir() and not each.is_symlink()]
    except (FileNotFoundError, NotADirectoryError):
        folders = []
    except OSError as error:
        raise ArtifactError(f"{place} cannot be read ({error.strerror})", "let the agent's user read it") from None
    if not folders:
        raise ArtifactError(
            f"the artifact of {component} {version} is not on this device: {place} holds no folder",
            "deploy that version of the component, with one zip that has `Unarchive: ZIP`",
        )
    if len(folders) > 1:
        names = ", ".join(sorted(folder.name for folder in folders))
        raise ArtifactError(f"{component} {version} unpacked to several folders ({names})", "give it one zip only")
    return folders[0]


def read_manifest(folder: Path) -> ModelManifest:
    """Read and check the folder's manifest. Raises ``RefusedModelError`` with its first faults."""
    path = folder / MANIFEST_FILE
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise RefusedModelError(
            Reason.MANIFEST, f"{MANIFEST_FILE} is no plain file", "put the file itself in its place"
        )
    if path.is_file() and path.stat().st_size > _LARGEST_MANIFEST:
        raise RefusedModelError(
            Reason.MANIFEST, f"{MANIFEST_FILE} is larger than {_LARGEST_MANIFEST} bytes", "shorten it"
        )
    try:
        return read_document(path, ModelManifest, shown_as=MANIFEST_FILE).value
    except DocumentError as error:
        faults = first_few(map(str, error.diagnostics), 3)
        raise RefusedModelError(Reason.MANIFEST, "; ".join(faults)) from None


def file_inside(folder: Path, name: str, reason: Reason = Reason.MANIFEST) -> Path:
    """Return a file's path that the manifest names. Raises ``RefusedModelError`` unless it is a plain file inside."""
    path = folder / name
    if not path.is_file() or path.is_symlink():
        raise RefusedModelError(
            reason,
            f"{MANIFEST_FILE} names {name}, and there is no such file beside it",
            "build it, or correct the name",
        )
    if not path.resolve().is_relative_to(folder.resolve()):
        raise RefusedModelError(reason, f"{name} leaves the component's folder", "put the file itself inside")
    return path
