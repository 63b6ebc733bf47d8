"""``edge-agent check`` on models that are unusual, or that no device can take: accepted, or refused in words."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper, save


def checked(folder: Path, *words: str) -> tuple[int, str]:
    """Its exit code, and the last thing that it said."""
    done = subprocess.run(
        [sys.executable, "-m", "edge_agent", "check", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout.strip().splitlines()[-1]


def write(
    folder: Path,
    nodes: list[NodeProto],
    given: ValueInfoProto,
    found: ValueInfoProto,
    *,
    constants: dict[str, Any] | None = None,
    opset: int = 17,
    ir: int = 8,
    ml: int = 3,
) -> Path:
    """A raw model of one input and one output, whose golden sample is ``in.npz`` with ``out.npy``."""
    folder.mkdir()
    made = [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "made", [given], [found], made)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", ml)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=ir), folder / "m.onnx")
    (folder / "model.yaml").write_text(
        "file: m.onnx\ntask: raw\n"
        f"golden: {{samples: [{{input: in.npz, expect: {{outputs: {{{found.name}: out.npy}}}}}}]}}\n"
    )
    return folder


def tensor(name: str, kind: int = TensorProto.FLOAT, shape: tuple[int | str, ...] = ("n",)) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


@pytest.mark.parametrize("dtype", [np.int16, np.uint64])
def test_integers_of_every_size_are_accepted(tmp_path: Path, dtype: type[np.generic]) -> None:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    folder = write(
        tmp_path / "sound", [helper.make_node("Identity", ["x"], ["y"])], tensor("x", kind), tensor("y", kind)
    )
    np.savez(folder / "in.npz", x=np.array([1, 100], dtype))
    np.save(folder / "out.npy", np.array([1, 100], dtype))
    code, said = checked(folder)
    assert (code, said[:8]) == (0, "accepted"), said


def test_texts_are_written_as_golden_outputs_and_agree(tmp_path: Path) -> None:
    words = {"keys_strings": ["a", "b"], "values_strings": ["alpha", "größer"], "default_string": "?"}
    node = helper.make_node("LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml", **words)
    folder = write(tmp_path / "texts", [node], tensor("x", TensorProto.STRING), tensor("y", TensorProto.STRING))
    np.savez(folder / "in.npz", x=np.array(["b", "c"]))
    code, said = checked(folder, "--update-golden")
    assert code == 0, said
    assert np.load(folder / "out.npy", allow_pickle=False).tolist() == ["größer", "?"]
    assert checked(folder)[0] == 0
    np.save(folder / "out.npy", np.array(["kleiner", "?"]))
    code, said = checked(folder)
    assert code == 5
    assert "y differs" in said
    np.save(folder / "out.npy", np.array([1, 2]))
    code, said = checked(folder)
    assert code == 5
    assert "y is <U6, and should be int64" in said


def test_not_a_number_agrees_where_the_golden_file_has_it_and_only_there(tmp_path: Path) -> None:
    folder = write(tmp_path / "log", [helper.make_node("Log", ["x"], ["y"])], tensor("x"), tensor("y"))
    np.savez(folder / "in.npz", x=np.array([-1, 0, 1], np.float32))
    assert checked(folder, "--update-golden")[0] == 0
    assert np.load(folder / "out.npy").tolist()[1:] == [-np.inf, 0.0]
    assert checked(folder)[0] == 0
    np.save(folder / "out.npy", np.array([0, -np.inf, 0], np.float32))
    code, said = checked(folder)
    assert code == 5
    assert "y [0] is nan, and should be 0" in said
    np.savez(folder / "in.npz", x=np.array([1, 0, 1], np.float32))
    np.save(folder / "out.npy", np.array([np.nan, -np.inf, 0], np.float32))
    code, said = checked(folder)
    assert code == 5
    assert "y [0] is 0, and should be nan" in said


def test_a_sequence_of_tensors_is_refused_for_its_graph(tmp_path: Path) -> None:
    node = helper.make_node("SplitToSequence", ["x", "sizes"], ["y"])
    found = helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None)
    folder = write(tmp_path / "ragged", [node], tensor("x"), found, constants={"sizes": np.array([1, 2])})
    np.savez(folder / "in.npz", x=np.zeros(3, np.float32))
    np.save(folder / "out.npy", np.zeros(1, np.float32))
    code, said = checked(folder)
    assert code == 5
    assert said.startswith(
        "rejected (graph): the output y seq(tensor(float))[] is nothing that a prediction can hold; "
    )


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ({"opset": 40}, "the graph wants opset 40 of ai.onnx, and this device's onnxruntime has "),
        ({"ml": 9}, "the graph wants opset 9 of ai.onnx.ml, and this device's onnxruntime has "),
        ({"ir": 99}, "the file has IR version 99, and this device's onnxruntime reads "),
    ],
)
def test_a_newer_onnx_than_the_devices_is_said_with_both_numbers(
    tmp_path: Path, versions: dict[str, int], words: str
) -> None:
    folder = write(tmp_path / "new", [helper.make_node("Identity", ["x"], ["y"])], tensor("x"), tensor("y"), **versions)
    np.savez(folder / "in.npz", x=np.ones(2, np.float32))
    np.save(folder / "out.npy", np.ones(2, np.float32))
    code, said = checked(folder)
    assert code == 5
    assert said.startswith(f"rejected (graph): graph: {words}")
    assert said.split(words)[1].split(" at most; ")[0].isdecimal()
    assert said.endswith("or deploy an agent with a newer onnxruntime")
