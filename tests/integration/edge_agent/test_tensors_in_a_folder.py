"""Archives of tensors in the folder of a running agent: answered, or set aside with a reason; the next is answered."""

import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, save

Eventually = Callable[..., Any]
CONFIG = """\
thing: bench-1
models: {grown: {folder: model}}
settings:
  sources: {tensors: {path: in}}
  sinks: {file: {type: json-lines}}
"""
MANIFEST = """\
file: m.onnx
task: raw
golden: {samples: [{input: golden/a.npz, expect: {outputs: {y: golden/y.npy}}}]}
"""


def write_model(folder: Path) -> None:
    """Answers with x / x, as often as n says."""
    nodes = [helper.make_node("Expand", ["x", "n"], ["grown"]), helper.make_node("Div", ["grown", "x"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "grown",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1]),
            helper.make_tensor_value_info("n", TensorProto.INT64, [1]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])],
    )
    (folder / "golden").mkdir(parents=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "m.onnx")
    (folder / "model.yaml").write_text(MANIFEST, "utf-8")
    np.savez(folder / "golden" / "a.npz", x=np.ones(1, np.float32), n=np.array([2]))
    np.save(folder / "golden" / "y.npy", np.ones(2, np.float32))


def test_each_is_answered_or_set_aside_and_the_next_is_answered(tmp_path: Path, eventually: Eventually) -> None:
    write_model(tmp_path / "model")
    (tmp_path / "line.yaml").write_text(CONFIG, "utf-8")
    work = tmp_path / "edge-agent-work"
    folder = work / "in"
    folder.mkdir(parents=True)
    for name, x, n in (("ok", 1, 2), ("nan", 0, 2), ("negative", 1, -5), ("large", 1, 8_000_000)):
        np.savez(folder / f"{name}.npz", x=np.full(1, x, np.float32), n=np.array([n]))
    words = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000,), }".ljust(117) + b"\n"
    with zipfile.ZipFile(folder / "lie.npz", "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(words).to_bytes(2, "little") + words)
    with zipfile.ZipFile(folder / "packed.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.npy", bytes(1 << 20))

    def lines() -> dict[str, Any]:
        path = work / "predictions.jsonl"
        said = map(json.loads, path.read_text("utf-8").splitlines()) if path.exists() else ()
        return {each["frame"]: each["output"]["outputs"]["y"] for each in said}

    command = [sys.executable, "-m", "edge_agent", "run", "--config", str(tmp_path / "line.yaml")]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stderr=log) as agent:
        try:
            eventually(lambda: not [*folder.iterdir()], within=60, what="the end of the archives")
            np.savez(work / "next.npz", x=np.ones(1, np.float32), n=np.array([1]))
            (work / "next.npz").rename(folder / "next.npz")
            eventually(lambda: "next.npz" in lines(), what="the next answer")
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(30) == 143
        finally:
            agent.kill()
    assert lines() == {"ok.npz": [1.0, 1.0], "nan.npz": ["NaN", "NaN"], "next.npz": [1.0]}
    aside = {path.stem for path in (work / "in.unreadable").iterdir()}
    assert aside == {"negative", "large", "lie", "packed"}
    log_lines = (tmp_path / "log").read_text("utf-8")
    for why in (
        "y has 8000000 values, and a prediction has 1048576 at most",
        "lie.npz: x.npy says that it holds 16000000000 bytes, and has 128",
        "packed.npz: x.npy is packed in a way that numpy does not write",
    ):
        assert why in log_lines
