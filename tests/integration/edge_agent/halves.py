"""A small real model: an 8 × 8 gray image is "top" or "bottom" by where it is bright."""

from pathlib import Path

import cv2
import numpy as np
from onnx import TensorProto, helper, save

LABELS = ("top", "bottom")
MANIFEST = """\
file: halves.onnx
task: classification
labels: [top, bottom]
preprocessing: {size: [8, 8], colour: gray, scale: 0.00392156862745098}
postprocessing: {scores: logits}
golden:
  samples:
    - {input: golden/top.png, expect: {label: top, min-score: 0.9}}
    - {input: golden/bottom.png, expect: {label: bottom, min-score: 0.9}}
vetting: {timeout: 30, memory: 512}
"""


def half(label: str) -> np.ndarray:
    """An image that is bright in one half."""
    image = np.zeros((8, 8), np.uint8)
    image[slice(0, 4) if label == "top" else slice(4, 8)] = 255
    return image


def write_model(folder: Path, *, sharpness: float = 1.0, manifest: str = MANIFEST) -> Path:
    """A model folder. A negative ``sharpness`` answers the wrong way round; any other makes another digest."""
    weights = np.zeros((64, 2), np.float32)
    weights[:32, 0] = weights[32:, 1] = sharpness
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["image", "flat"], ["pixels"]),
            helper.make_node("MatMul", ["pixels", "weights"], ["scores"]),
        ],
        "halves",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [None, 1, 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2])],
        [
            helper.make_tensor("flat", TensorProto.INT64, [2], [-1, 64]),
            helper.make_tensor("weights", TensorProto.FLOAT, [64, 2], weights.ravel().tolist()),
        ],
    )
    (folder / "golden").mkdir(parents=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "halves.onnx")
    for label in LABELS:
        assert cv2.imwrite(str(folder / "golden" / f"{label}.png"), half(label))
    (folder / "model.yaml").write_text(manifest, encoding="utf-8")
    return folder
