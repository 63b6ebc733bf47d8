"""Wheels of our own distributions, from what is installed here: no index is asked for our names.

An installed wheel is put together again from its RECORD (packaging.python.org, "Recording installed projects"), each
file only if it has the hash that the RECORD gives. An editable installation is built from its checkout.
"""

import base64
import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlparse

from cloud_publisher.errors import WorkFailedError

_BY_THE_INSTALLER = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}
_OLDEST_DATE = (1980, 1, 1, 0, 0, 0)
_SECONDS_TO_BUILD = 120
_NOT_SOURCES = shutil.ignore_patterns(
    "__pycache__", ".*_cache", ".venv*", ".git", "*.egg-info", "build", "dist", "rehearsed", "tests", "benchmarks"
)


@dataclass(frozen=True, slots=True)
class _Member:
    """One file of the wheel: its name there, and where it is now."""

    name: str
    path: Path


def own_wheel(name: str, folder: Path) -> Path:
    """Write the wheel of an installed distribution into a folder, and return its path.

    Raises ``WorkFailedError`` if the distribution is absent, was installed without a RECORD, or has a file whose bytes
    are not those that were installed.
    """
    try:
        found = importlib.metadata.distribution(name)
    except PackageNotFoundError:
        raise WorkFailedError(
            f"{name} is not installed in {sys.prefix}", f"install {name} there, then run it again"
        ) from None
    checkout = _checkout_of(found)
    if checkout is not None:
        return _build(name, checkout, folder)
    members = sorted(_members(found, name), key=lambda member: member.name)
    path = folder / _file_name(found, name)
    folder.mkdir(parents=True, exist_ok=True)
    _write(path, members, _information_folder(found))
    return path


def _checkout_of(found: Distribution) -> Path | None:
    """Return the folder that an editable installation uses; PEP 610 says where it is noted."""
    noted = json.loads(found.read_text("direct_url.json") or "{}")
    if not noted.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlparse(noted["url"]).path))


def _members(found: Distribution, name: str) -> Iterator[_Member]:
    if found.files is None:
        raise WorkFailedError(f"{name} was installed without a RECORD of its files", f"install {name} again, with pip")
    commands = {point.name for point in found.entry_points}
    information = _information_folder(found)
    for file in found.files:
        if file.suffix == ".pyc" or (file.parts[0] == information and file.name in _BY_THE_INSTALLER):
            continue
        steps = [step for step in file.parts if step != ".."]
        outside = len(steps) != len(file.parts)
        if outside and steps[0] in {"bin", "Scripts"} and PurePosixPath(file.name).stem in commands:
            continue  # whoever installs the wheel makes them anew
        path = Path(str(found.locate_file(file)))
        if outside and not path.exists():
            path = Path(
                str(found.locate_file("")), *steps
            )  # pip's --target moves them, and leaves the RECORD as it was
        _check(file, path, name)
        inside = "/".join(steps)
        data = f"{information.removesuffix('.dist-info')}.data/data"
        yield _Member(f"{data}/{inside}" if outside else inside, path)


def _check(file: PackagePath, path: Path, name: str) -> None:
    again = f"install {name} again: pip install --force-reinstall --no-deps"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WorkFailedError(f"{path} of {name} cannot be read: {error.strerror}", again) from error
    if file.hash is None or file.hash.value != _digest(content, file.hash.mode):
        raise WorkFailedError(f"{path} is not as {name} was installed: somebody has edited it", again)


def _write(path: Path, members: list[_Member], information: str) -> None:
    record = f"{information}/RECORD"
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as wheel:
        lines = []
        for member in members:
            content = member.path.read_bytes()
            wheel.writestr(_entry(member.name), content)
            lines.append(f"{member.name},sha256={_digest(content, 'sha256')},{len(content)}")
        wheel.writestr(_entry(record), "\n".join([*lines, f"{record},,", ""]))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _OLDEST_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    return entry


def _digest(content: bytes, kind: str) -> str:
    return base64.urlsafe_b64encode(hashlib.new(kind, content).digest()).rstrip(b"=").decode()


def _information_folder(found: Distribution) -> str:
    metadata = next((file for file in found.files or () if file.name == "METADATA"), None)
    if metadata is None:
        raise WorkFailedError(f"{found.name} was installed without metadata", f"install {found.name} again, with pip")
    return metadata.parts[0]


def _file_name(found: Distribution, name: str) -> str:
    tags = [
        line.partition(":")[2].strip() for line in (found.read_text("WHEEL") or "").splitlines() if line[:4] == "Tag:"
    ]
    if len(tags) != 1:
        raise WorkFailedError(
            f"{name} was not installed from a wheel for every machine", f"install the wheel of {name}"
        )
    return f"{_information_folder(found).removesuffix('.dist-info')}-{tags[0]}.whl"


def _build(name: str, checkout: Path, folder: Path) -> Path:
    # In a copy: setuptools leaves a `build` folder, whose stale files would be in the next wheel.
    with tempfile.TemporaryDirectory(prefix="mlops-wheel-") as work:
        source, out = Path(work, "source"), Path(work, "out")
        shutil.copytree(checkout, source, ignore=_NOT_SOURCES, symlinks=True)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        done = subprocess.run(
            [*command, "--disable-pip-version-check", "--wheel-dir", str(out), str(source)],
            capture_output=True,
            text=True,
            timeout=_SECONDS_TO_BUILD,
            check=False,
        )
        if done.returncode:
            raise WorkFailedError(
                f"the wheel of {name} could not be built from {checkout}:\n{done.stderr.strip()[-2000:]}",
                "mend the checkout, or install the wheel instead",
            )
        built = next(out.glob("*.whl"))
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(built, folder / built.name))
