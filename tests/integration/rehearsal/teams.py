"""Deploy repositories of teams, made by `cloud-publisher init` and then changed: an image model, a table's model."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, save

CONFIG = "greengrass-config.yml"
COLOURS = """\
file: colours.onnx
task: classification
labels: [red, green, blue]
preprocessing: {size: [8, 8], scale: 0.00392156862745098}
golden:
  samples:
    - {input: golden/red.png, expect: {label: red}}
    - {input: golden/blue.png, expect: {label: blue}}
"""
WEAR = """\
file: wear.onnx
task: tabular
labels: [fine, worn]
columns: [heat, noise]
golden:
  samples:
    - {input: golden/worn.csv, expect: {label: worn}}
    - {input: golden/fine.csv, expect: {label: fine}}
"""


def new_repository(folder: Path, models: Mapping[str, Any], settings: Mapping[str, Any], **more: Any) -> Path:
    """Make a repository with the agent of `init`, and these models in place of the digits. ``more``: top-level keys."""
    command = [sys.executable, "-m", "cloud_publisher", "init", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    path = folder / CONFIG
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    components = config["custom-components"]
    del components["digits"]
    components["agent"]["agent"]["settings"] = dict(settings)
    path.write_text(yaml.safe_dump({**config, "custom-components": {**components, **models}, **more}), encoding="utf-8")
    return folder


def model_component(key: str, model: Mapping[str, Any], root: str) -> dict[str, Any]:
    """Return a model component, as people write it into the config."""
    uri = f"s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/{key}.zip"
    return {
        "component-name": f"org.werk.{key}",
        "root": root,
        "model": dict(model),
        "Artifacts": [{"URI": uri, "Unarchive": "ZIP", "Permission": {"Read": "ALL"}}],
        "Lifecycle": {"Run": "exit 0"},
    }


def write_colours(root: Path) -> None:
    """Write the manifest and the golden samples of a classifier of pictures by their mean colour."""
    (root / "golden").mkdir(parents=True)
    (root / "model.yaml").write_text(COLOURS, encoding="utf-8")
    for name, bgr in (("red", (0, 0, 250)), ("blue", (250, 0, 0))):
        cv2.imwrite(str(root / f"golden/{name}.png"), np.full((8, 8, 3), bgr, np.uint8))


def write_wear(root: Path) -> None:
    """Write the manifest and the golden samples of a table's model."""
    (root / "golden").mkdir(parents=True)
    (root / "model.yaml").write_text(WEAR, encoding="utf-8")
    (root / "golden/worn.csv").write_text("noise,heat\n3,4\n", encoding="utf-8")
    (root / "golden/fine.csv").write_text("heat,noise\n-2,-1\n", encoding="utf-8")


def colours(folder: Path, weights: list[list[float]]) -> Path:
    """Write a version of the picture model: a picture's mean colour times the weights, as probabilities."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["picture"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["mean"]),
        helper.make_node("MatMul", ["mean", "weights"], ["sums"]),
        helper.make_node("Softmax", ["sums"], ["scores"]),
    ]
    return _save(folder / "colours.onnx", nodes, ["picture", [None, 3, 8, 8]], ["scores", [None, 3]], weights)


def wear(folder: Path, weights: list[list[float]]) -> Path:
    """Write a version of the table's model: heat and noise times the weights, as probabilities."""
    nodes = [
        helper.make_node("MatMul", ["row", "weights"], ["sums"]),
        helper.make_node("Softmax", ["sums"], ["scores"]),
    ]
    return _save(folder / "wear.onnx", nodes, ["row", [None, 2]], ["scores", [None, 2]], weights)


def _save(path: Path, nodes: list[Any], taken: list[Any], given: list[Any], weights: list[list[float]]) -> Path:
    values: NDArray[np.float32] = np.asarray(weights, np.float32)
    constant = helper.make_tensor("weights", TensorProto.FLOAT, values.shape, values.ravel())
    inputs, outputs = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (taken, given))
    graph = helper.make_graph(nodes, "made", [inputs], [outputs], [constant])
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(model, path)
    return path.parent
