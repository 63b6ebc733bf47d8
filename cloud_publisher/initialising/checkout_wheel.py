"""The wheel of an editable installation: built from its checkout by setuptools, as it is at this moment.

No index is asked: setuptools is the one that is installed beside us.
"""

import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from cloud_publisher.errors import WorkFailedError
from cloud_publisher.initialising.wheel_file import Wheel, wheel_of

_SECONDS_TO_BUILD = 120
_BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
_NEVER_SOURCES = shutil.ignore_patterns("__pycache__", "*.egg-info", "versions")
_NOT_BUILT_FROM = {"build", "dist", "rehearsed", "tests", "benchmarks"}
_SHOWN = 2000


def wheel_of_checkout(name: str, checkout: Path) -> Wheel:
    """Build the wheel. Raises ``WorkFailedError`` with the end of what setuptools said."""
    if not (checkout / "pyproject.toml").is_file():
        raise WorkFailedError(
            f"{name} is installed from {checkout}, where no pyproject.toml is", "install its wheel instead"
        )
    # In a copy: setuptools leaves a folder `build`, and what became stale there would be in the next wheel.
    with tempfile.TemporaryDirectory(prefix="mlops-wheel-") as work:
        source, out = Path(work, "source"), Path(work, "out")
        try:
            shutil.copytree(checkout, source, ignore=lambda folder, names: _left_out(Path(folder), names, checkout))
            done = subprocess.run(
                [sys.executable, "-c", _BUILD, str(out)],
                cwd=source,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS_TO_BUILD,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _not_built(name, checkout, str(error)) from error
        if done.returncode:
            raise _not_built(name, checkout, done.stderr.strip()[-_SHOWN:])
        return _normal(next(out.glob("*.whl")))


def _left_out(folder: Path, names: list[str], checkout: Path) -> set[str]:
    left_out = _NEVER_SOURCES(str(folder), names)
    if folder == checkout:
        left_out |= {each for each in names if each.startswith(".") or each in _NOT_BUILT_FROM}
    return left_out


def _not_built(name: str, checkout: Path, why: str) -> WorkFailedError:
    return WorkFailedError(
        f"the wheel of {name} could not be built from {checkout}:\n{why}",
        "correct the checkout (setuptools 77 or newer must be installed too), or install the wheel in its place",
    )


def _normal(built: Path) -> Wheel:
    """Return the wheel as an installation of it gives it."""
    with zipfile.ZipFile(io.BytesIO(built.read_bytes())) as archive:
        members = {each.filename: archive.read(each) for each in archive.infolist() if not each.is_dir()}
    information = next(each for each in members if each.endswith(".dist-info/METADATA")).split("/")[0]
    del members[f"{information}/RECORD"]
    return wheel_of(members, information=information, tag="-".join(built.stem.split("-")[-3:]))
