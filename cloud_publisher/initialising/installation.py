"""The parts of this installation that a repository gets: packages, and the files that are no package's.

Those are beside the packages in a checkout, and in ``share/`` of an installation.
"""

import importlib.metadata
import importlib.util
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from cloud_publisher.errors import WorkFailedError

DISTRIBUTION = "mlops-at-edge"
_LEFT_OUT = {"__pycache__", "versions"}


def files_of(folder: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield each file below a folder by its path there, without what running leaves behind."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not _LEFT_OUT & set(inside.parts) and path.suffix != ".pyc":
            yield PurePosixPath(inside.as_posix()), path.read_bytes()


def package(name: str) -> Path:
    """Return the folder of a package of ours. Raises ``WorkFailedError``."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise WorkFailedError(f"the package {name} is not installed", "install its wheel again, with pip")
    return Path(spec.origin).parent


def shared(name: str) -> Path:
    """Return a file or folder that is beside the packages in a checkout, and in ``share/`` of an installation.

    Raises ``WorkFailedError``.
    """
    for root in _shared_roots():
        if (root / name).exists():
            return root / name
    raise WorkFailedError(f"{DISTRIBUTION} was installed without its {name}", "install its wheel again, with pip")


def _shared_roots() -> Iterator[Path]:
    """Yield the folders that may have them. Of an installation, its RECORD says where ``share/`` went."""
    yield Path(__file__).parents[2]
    found = importlib.metadata.distribution(DISTRIBUTION)
    for file in found.files or ():
        if "share" in file.parts:
            steps = file.parts[: file.parts.index("share") + 2]
            yield Path(str(found.locate_file("/".join(steps))))
            # pip's --target moves it beside the packages, and leaves the RECORD as it was.
            yield Path(str(found.locate_file(""))) / "share" / DISTRIBUTION
            return


def lock_text(name: str) -> str:
    """Return one of our locks, such as ``publisher.txt``. Raises ``WorkFailedError``."""
    return shared(f"requirements/{name}").read_text(encoding="utf-8")
