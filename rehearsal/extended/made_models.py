"""Three small models that are constructed, not trained: a detector, a tabular model, and one of plain tensors.

Each is a real ONNX graph that computes on its input, so that every answer can be checked. A *make* is a number: another
make gives the same answers with other weights, and so has another digest.
"""

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from shared_schema.json_value import JsonObject, JsonValue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PARTS, WEAR, DOSE = "parts", "wear", "dose"
MADE = (PARTS, WEAR, DOSE)
SIDE, CELL = 64, 16
"""Size of the belt's picture, and of a part on it, in pixels."""
COLOURS = ("red", "blue")
COLUMNS = ("heat", "noise")
_OPSET, _IR = 17, 8
_VETTING = {"timeout": 30, "memory": 512}


def package_key(model: str) -> str:
    """Return the key of a model's package in the bucket: the ``name`` of its ``model:`` in the config."""
    return f"models/{model}/model.tar.gz"


def upload_make(s3: "S3Client", bucket: str, model: str, *, make: int) -> None:
    """Upload a make of the model to where the next build reads it, without any registry."""
    content = io.BytesIO()
    graph = _GRAPHS[model](make)
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"{model}.onnx")
        entry.size = len(graph)
        archive.addfile(entry, io.BytesIO(graph))
    s3.put_object(Bucket=bucket, Key=package_key(model), Body=content.getvalue())


def write_component(folder: Path, model: str) -> None:
    """Write what a team has of a model in its repository: ``model.yaml`` and the golden samples."""
    golden = folder / "golden"
    golden.mkdir(parents=True)
    manifest = {"file": f"{model}.onnx", "vetting": _VETTING, **_COMPONENTS[model](golden)}
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")


def part_on_belt(number: int) -> tuple[str, tuple[int, int, int, int]]:
    """Return what the belt's picture ``number`` (from 0) shows: a part's colour, and its left, top, right, bottom."""
    cells = SIDE // CELL
    row, column = divmod(number % (cells * cells), cells)
    left, top = column * CELL, row * CELL
    return COLOURS[row % len(COLOURS)], (left, top, left + CELL, top + CELL)


def picture_of_belt(number: int | None) -> Any:
    """Return the picture in cv2's order (height, width, BGR); of the empty belt for ``None``."""
    import numpy as np  # noqa: PLC0415 - `--help` need not pay for it

    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    if number is not None:
        colour, (left, top, right, bottom) = part_on_belt(number)
        picture[top:bottom, left:right] = (0, 0, 255) if colour == "red" else (255, 0, 0)
    return picture


def write_belt(path: Path) -> None:
    """Write the belt as a video: a part passes over every cell of the picture."""
    import cv2  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (SIDE, SIDE))
    for number in range((SIDE // CELL) ** 2):
        video.write(picture_of_belt(number))
    video.release()


def _parts(make: int) -> bytes:
    """Return a detector of each cell's brightest colour. In: RGB from 0 to 1. Out: rows of box, score, class."""
    import numpy as np  # noqa: PLC0415
    from onnx import helper  # noqa: PLC0415

    cells = (SIDE // CELL) ** 2
    boxes = np.array([part_on_belt(number)[1] for number in range(cells)], np.float32)
    nodes = [
        helper.make_node("AveragePool", ["image"], ["means"], kernel_shape=[CELL, CELL], strides=[CELL, CELL]),
        helper.make_node("Reshape", ["means", "by_colour"], ["seen"]),
        helper.make_node("Gather", ["seen", "red_and_blue"], ["colours"], axis=1),
        helper.make_node("ReduceMax", ["colours"], ["brightest"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["brightest", "gain"], ["score"]),
        helper.make_node("ArgMax", ["colours"], ["which"], axis=1, keepdims=1),
        helper.make_node("Cast", ["which"], ["class"], to=1),
        helper.make_node("Concat", ["score", "class"], ["judged"], axis=1),
        helper.make_node("Transpose", ["judged"], ["by_cell"], perm=[0, 2, 1]),
        helper.make_node("Concat", ["boxes", "by_cell"], ["found"], axis=2),
    ]
    constants = {
        "by_colour": np.array([1, 3, cells], np.int64),
        "red_and_blue": np.array([0, 2], np.int64),
        "gain": np.array(1 - 0.01 * make, np.float32),
        "boxes": boxes[np.newaxis],
    }
    return _graph(nodes, {"image": [1, 3, SIDE, SIDE]}, {"found": [1, cells, 6]}, constants)


def _wear(make: int) -> bytes:
    """Return a tabular model: what is hot and loud is worn. Out: the logits of fine and worn."""
    import numpy as np  # noqa: PLC0415
    from onnx import helper  # noqa: PLC0415

    weights = np.array([[-1, 1], [-1, 1]], np.float32) * (1 + 0.1 * make)
    nodes = [helper.make_node("MatMul", ["row", "weights"], ["scores"])]
    return _graph(nodes, {"row": ["n", 2]}, {"scores": ["n", 2]}, {"weights": weights})


def _dose(_: int) -> bytes:
    """Return a model of plain tensors: ``y = x + turns``, computed in a loop, so that a request can take any time.

    It has only one make.
    """
    import numpy as np  # noqa: PLC0415
    from onnx import TensorProto, helper  # noqa: PLC0415

    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["goes_on"]), helper.make_node("Add", ["before", "one"], ["after"])],
        "turn",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("before", TensorProto.FLOAT, ["n"]),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("after", TensorProto.FLOAT, ["n"]),
        ],
    )
    constants = {"one": np.array([1.0], np.float32), "true": np.array(True)}
    nodes = [helper.make_node("Loop", ["turns", "true", "x"], ["y"], body=body)]
    return _graph(nodes, {"x": ["n"], "turns": []}, {"y": ["n"]}, constants, whole={"turns"})


def _graph(
    nodes: Sequence[Any],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, Sequence[int | str]],
    constants: Mapping[str, Any],
    whole: frozenset[str] | set[str] = frozenset(),
) -> bytes:
    """Return the file's bytes. Inputs named in ``whole`` are int64; everything else is float32."""
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415

    def values(shapes: Mapping[str, Sequence[int | str]]) -> list[Any]:
        return [
            helper.make_tensor_value_info(name, TensorProto.INT64 if name in whole else TensorProto.FLOAT, shape)
            for name, shape in shapes.items()
        ]

    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(list(nodes), "made", values(inputs), values(outputs), initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    content: bytes = model.SerializeToString()
    return content


def _parts_component(golden: Path) -> JsonObject:
    import cv2  # noqa: PLC0415

    samples: list[JsonValue] = []
    for name, number in (("red", 2), ("blue", 6), ("empty", None)):
        cv2.imwrite(str(golden / f"{name}.png"), picture_of_belt(number))
        boxes: list[JsonValue] = [] if number is None else [{"label": name, "box": [*part_on_belt(number)[1]]}]
        samples.append({"input": f"golden/{name}.png", "expect": {"boxes": boxes}})
    return {
        "task": "detection",
        "labels": [*COLOURS],
        "preprocessing": {"size": [SIDE, SIDE], "resize": "letterbox", "colour": "rgb", "scale": 1 / 255},
        "postprocessing": {"decoder": "end_to_end", "confidence": 0.5},
        "golden": {"samples": samples},
    }


def _wear_component(golden: Path) -> JsonObject:
    samples: list[JsonValue] = []
    for label, row in (("worn", "3,2"), ("fine", "-2,-3")):
        (golden / f"{label}.csv").write_text(f"{','.join(COLUMNS)}\n{row}\n", encoding="utf-8")
        samples.append({"input": f"golden/{label}.csv", "expect": {"label": label, "min-score": 0.9}})
    return {
        "task": "tabular",
        "labels": ["fine", "worn"],
        "columns": [*COLUMNS],
        "postprocessing": {"scores": "logits"},
        "golden": {"samples": samples},
    }


def _dose_component(golden: Path) -> JsonObject:
    import numpy as np  # noqa: PLC0415

    np.savez(golden / "three.npz", x=np.array([1.5, -1.0], np.float32), turns=np.array(3, np.int64))
    np.save(golden / "three.npy", np.array([4.5, 2.0], np.float32))
    sample: JsonObject = {"input": "golden/three.npz", "expect": {"outputs": {"y": "golden/three.npy"}}}
    return {"task": "raw", "golden": {"samples": [sample]}}


_GRAPHS = {PARTS: _parts, WEAR: _wear, DOSE: _dose}
_COMPONENTS = {PARTS: _parts_component, WEAR: _wear_component, DOSE: _dose_component}
