"""Detectors, tables and tensors, vetted in the child and asked in this process: real files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, save

from edge_agent.errors import InferenceError, UnreadableFrameError
from edge_agent.inference.loaded_model import LoadedModel, open_model

pytestmark = pytest.mark.models

DETECTOR = """\
file: model.onnx
task: detection
labels: [ship, buoy]
preprocessing: {size: [100, 100], resize: RESIZE, colour: bgr, scale: 0.00392156862745098}
postprocessing: {decoder: DECODER, confidence: 0.3, overlap: 0.5}
golden:
  samples:
    - input: sea.png
      expect:
        label: ship
        min-score: 0.85
        boxes: [{label: ship, box: [20, 20, 40, 40]}, {label: buoy, box: [20, 20, 40, 40]}]
"""


def onnx_model(nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: dict[str, Any]) -> ModelProto:
    initializers = [
        helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape, value.ravel())
        for name, value in constants.items()
    ]
    graph = helper.make_graph(nodes, "made", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def tensor(name: str, shape: list[int | str], kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def detector(folder: Path, decoder: str, rows: np.ndarray[Any, Any], *, resize: str = "letterbox") -> Path:
    """A detector that always sees the same, but looks at its picture's mean, so that nothing is folded away."""
    folder.mkdir(parents=True)
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["rows", "nothing"], ["found"]),
    ]
    model = onnx_model(
        nodes,
        [tensor("images", [1, 3, 100, 100])],
        [tensor("found", list(rows.shape))],
        {"rows": rows.astype(np.float32), "zero": np.zeros((), np.float32)},
    )
    save(model, folder / "model.onnx")
    (folder / "model.yaml").write_text(DETECTOR.replace("DECODER", decoder).replace("RESIZE", resize), "utf-8")
    assert cv2.imwrite(str(folder / "sea.png"), np.full((100, 200, 3), 90, np.uint8))
    return folder


# Two boxes of a ship that overlap, a buoy in the same place, and something too faint; centre, size, two scores.
YOLO = np.array(
    [
        [15, 40, 10, 10, 0.9, 0.0],
        [15.5, 40, 10, 10, 0.8, 0.1],
        [15, 40, 10, 10, 0.1, 0.7],
        [80, 40, 10, 10, 0.2, 0.1],
        [98, 40, 10, 10, 0.5, 0.0],
    ]
).T[np.newaxis]
END_TO_END = np.array([[[10, 35, 20, 45, 0.9, 0], [10, 35, 20, 45, 0.7, 1], [75, 35, 85, 45, 0.1, 0]]])


def vetted(folder: Path) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "edge_agent", "check", str(folder), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def asked(model: LoadedModel, name: str) -> dict[str, Any]:
    return model.answer(model.task.read(model.folder / name)).output


def test_a_yolov8_detector_gives_boxes_in_the_pictures_own_pixels(tmp_path: Path) -> None:
    folder = detector(tmp_path / "yolo", "yolov8", YOLO)
    assert vetted(folder)[0] == 0
    found = asked(open_model(folder), "sea.png")["detections"]
    assert [(each["label"], each["score"], each["box"]) for each in found] == [
        ("ship", pytest.approx(0.9), [20.0, 20.0, 40.0, 40.0]),
        ("buoy", pytest.approx(0.7), [20.0, 20.0, 40.0, 40.0]),
        ("ship", pytest.approx(0.5), [186.0, 20.0, 200.0, 40.0]),
    ], "one ship of two that overlap; the buoy in the same place stays; none beyond the picture"


def test_an_end_to_end_detector_needs_no_thinning_out(tmp_path: Path) -> None:
    folder = detector(tmp_path / "e2e", "end_to_end", END_TO_END)
    assert vetted(folder)[0] == 0
    found = asked(open_model(folder), "sea.png")["detections"]
    assert [(each["label"], each["box"]) for each in found] == [
        ("ship", [20.0, 20.0, 40.0, 40.0]),
        ("buoy", [20.0, 20.0, 40.0, 40.0]),
    ]


def test_a_text_detectors_map_becomes_boxes_around_each_line(tmp_path: Path) -> None:
    likely = np.zeros((1, 1, 100, 100))
    likely[0, 0, 38:42, 12:18] = 0.9
    likely[0, 0, 70:80, 20:80] = 0.4
    likely[0, 0, 5, 5] = 1.0
    # Stretched: the picture is 200 wide.
    folder = detector(tmp_path / "text", "db", likely, resize="stretch")
    manifest = (folder / "model.yaml").read_text("utf-8")
    (folder / "model.yaml").write_text(manifest.replace("confidence: 0.3", "confidence: 0.35"), "utf-8")
    found = asked(open_model(folder), "sea.png")["detections"]
    growth = 6 * 4 * 1.6 / 20
    assert [(each["label"], each["score"]) for each in found] == [("ship", 0.9), ("ship", 0.4)], "and no single pixel"
    assert found[0]["box"] == pytest.approx(
        [2 * (12 - growth), 38 - growth, 2 * (18 + growth), 42 + growth], abs=0.06
    ), "grown by what the core was shrunk by, in the picture's own pixels"


def test_a_detector_that_misses_a_golden_box_is_refused(tmp_path: Path) -> None:
    folder = detector(tmp_path / "stretched", "end_to_end", END_TO_END, resize="stretch")
    code, outcome = vetted(folder)
    assert (code, outcome["reason"]) == (5, "golden")
    assert "sea.png: has no 'ship' at [20.0, 20.0, 40.0, 40.0] (the nearest overlaps by 0.20)" in outcome["words"]


@pytest.mark.parametrize(
    ("decoder", "rows", "reason", "words"),
    [
        ("yolo99", YOLO, "graph", "this agent has no decoder 'yolo99'; set postprocessing.decoder to one of yolov8"),
        ("yolov8", END_TO_END, "golden", "the output has 3 rows, and yolov8 has 4 and one for each of 2 labels"),
        ("end_to_end", YOLO, "golden", "rows of 5 numbers, and end_to_end has 6"),
        ("end_to_end", END_TO_END + np.array([0, 0, 0, 0, 0, 5]), "golden", "names a class beyond the 2 labels"),
        ("end_to_end", END_TO_END * np.nan, "golden", "NaN or infinite"),
        ("db", np.full((1, 1, 100, 100), np.nan), "golden", "NaN or infinite"),
        ("db", np.zeros((1, 2, 100, 100)), "golden", "the output has the shape [1, 2, 100, 100]"),
        ("db", np.zeros((1, 1, 100, 100)), "golden", "is 'nothing' (0.00), and should be 'ship'"),
    ],
)
def test_a_detector_whose_output_is_not_its_decoders_is_refused(
    tmp_path: Path, decoder: str, rows: np.ndarray[Any, Any], reason: str, words: str
) -> None:
    code, outcome = vetted(detector(tmp_path / "bad", decoder, rows))
    assert (code, outcome["reason"]) == (5, reason)
    assert words in outcome["words"]


TABLE = """\
file: model.onnx
task: tabular
labels: [fine, worn]
columns: [heat, noise]
postprocessing: {scores: logits}
golden:
  samples:
    - {input: fine.csv, expect: {label: fine, min-score: 0.9}}
    - {input: worn.csv, expect: {label: worn, min-score: 0.9}}
"""


def table_model(folder: Path, manifest: str = TABLE) -> Path:
    folder.mkdir(parents=True)
    model = onnx_model(
        [helper.make_node("MatMul", ["row", "weights"], ["scores"])],
        [tensor("row", ["n", 2])],
        [tensor("scores", ["n", 2])],
        {"weights": np.array([[-1, 1], [-1, 1]], np.float32)},
    )
    save(model, folder / "model.onnx")
    (folder / "model.yaml").write_text(manifest, "utf-8")
    (folder / "fine.csv").write_text("noise,serial,heat\n-3,a,-2\n", "utf-8")
    (folder / "worn.csv").write_text("heat,noise\n3,2\n4,5\n", "utf-8")
    return folder


def test_a_table_is_read_by_its_columns_names_and_each_row_is_judged(tmp_path: Path) -> None:
    folder = table_model(tmp_path / "table")
    assert vetted(folder)[0] == 0
    model = open_model(folder)
    (folder / "mixed.csv").write_text("noise,heat\n2,2\n-2,-2\n", "utf-8")
    assert [row["label"] for row in asked(model, "mixed.csv")["rows"]] == ["worn", "fine"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("heat\n1\n", "lacks the columns noise"),
        ("heat,noise\n", "has no row below its header"),
        ("heat,noise\n1\n", "row 1 has not as many cells"),
        ("heat,noise\n1,loud\n", "row 1: noise is 'loud', which is no number"),
        ("", "lacks the columns heat, noise"),
        ("heat,noise\n1,\n", "NaN or infinite"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_row_and_column(tmp_path: Path, text: str, words: str) -> None:
    model = open_model(table_model(tmp_path / "table"))
    (model.folder / "bad.csv").write_text(text, "utf-8")
    with pytest.raises((UnreadableFrameError, InferenceError), match=words):
        asked(model, "bad.csv")


def test_columns_may_be_inputs_of_their_own_with_their_own_types(tmp_path: Path) -> None:
    folder = tmp_path / "named"
    folder.mkdir()
    model = onnx_model(
        [
            helper.make_node("Cast", ["count"], ["counted"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["heat", "counted"], ["dose"]),
            helper.make_node("Identity", ["site"], ["where"]),
        ],
        [
            tensor("heat", ["n", 1]),
            tensor("count", ["n", 1], TensorProto.INT64),
            tensor("site", ["n"], TensorProto.STRING),
        ],
        [tensor("dose", ["n", 1]), tensor("where", ["n"], TensorProto.STRING)],
        {},
    )
    save(model, folder / "model.onnx")
    manifest = "file: model.onnx\ntask: tabular\ncolumns: [site, heat, count]\n"
    manifest += "golden: {samples: [{input: row.csv, expect: {outputs: {dose: dose.npy}}}]}\n"
    (folder / "model.yaml").write_text(manifest, "utf-8")
    (folder / "row.csv").write_text("count,site,heat\n3,north,1.5\n", "utf-8")
    np.save(folder / "dose.npy", np.array([[4.5]], np.float32))
    assert vetted(folder)[0] == 0
    assert asked(open_model(folder), "row.csv") == {"rows": [{"values": {"dose": [4.5], "where": "north"}}]}


@pytest.mark.parametrize("dtype", [np.float16, np.uint8])
def test_raw_tensors_of_small_types_are_vetted_and_answered(tmp_path: Path, dtype: type[np.generic]) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    model = onnx_model(
        [helper.make_node("Add", ["x", "x"], ["y"])], [tensor("x", ["n"], kind)], [tensor("y", ["n"], kind)], {}
    )
    save(model, folder / "model.onnx")
    manifest = "file: model.onnx\ntask: raw\ngolden: {samples: [{input: x.npz, expect: {outputs: {y: y.npy}}}]}\n"
    (folder / "model.yaml").write_text(manifest, "utf-8")
    np.savez(folder / "x.npz", x=np.array([1, 2], dtype))
    np.save(folder / "y.npy", np.array([2, 4], dtype))
    assert vetted(folder)[0] == 0
    assert asked(open_model(folder), "x.npz") == {"outputs": {"y": [2, 4]}}
    np.savez(folder / "text.npz", x=np.array([1.5, 2.5], np.complex64))
    with pytest.raises(UnreadableFrameError, match="x is complex64, and the graph takes"):
        asked(open_model(folder), "text.npz")


def test_frames_are_stacked_where_the_graph_leaves_its_batch_open(tmp_path: Path, write_model: Any) -> None:
    model = open_model(write_model(tmp_path / "halves"))
    frames = [model.task.read(model.folder / "golden" / f"{label}.png") for label in ("top", "bottom", "top")]
    assert model.task.stackable
    stacked = model.answers(frames)
    assert [answer.output["label"] for answer in stacked] == ["top", "bottom", "top"]
    assert [answer.output for answer in stacked] == [model.answer(frame).output for frame in frames]
