"""Makes every bad model that the agent must refuse: ``python tests/broken/models/make_models.py FOLDER``.

A script and not files: some of them nobody would want in a repository (a pipe, a link to outside, 2^18 nodes). Each
function of `BROKEN` takes a good model's folder and spoils it; beside it stands how it must be refused.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper

FILE = "halves.onnx"
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
_GIGABYTES = 100 * 10**9
IMAGE = helper.make_tensor_value_info("image", TensorProto.FLOAT, [None, 1, 8, 8])
SCORES = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2])


def half(label: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """An 8 × 8 image that is bright in one half."""
    image = np.zeros((8, 8), np.uint8)
    image[slice(0, 4) if label == "top" else slice(4, 8)] = 255
    return image


def write_good(folder: Path, sharpness: float = 1.0) -> Path:
    """A model that tells a bright top from a bright bottom."""
    (folder / "golden").mkdir(parents=True)
    for label in ("top", "bottom"):
        cv2.imwrite(str(folder / "golden" / f"{label}.png"), half(label))
    (folder / "model.yaml").write_text(MANIFEST, encoding="utf-8")
    _write(folder, _graph([_matmul("scores")], [_weights(sharpness)]))
    return folder


@dataclass(frozen=True, slots=True)
class Broken:
    """``reason`` is the refusal's code, ``step`` the last that was begun, ``words`` a pattern that its words match."""

    spoil: Callable[[Path], None]
    reason: str
    step: str
    words: str


def _write(folder: Path, graph: onnx.GraphProto, *, opset: int = 17, domain: str | None = None) -> None:
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / FILE)


def _graph(
    nodes: list[onnx.NodeProto],
    initializers: list[onnx.TensorProto],
    image: onnx.ValueInfoProto = IMAGE,
    scores: onnx.ValueInfoProto = SCORES,
) -> onnx.GraphProto:
    flat = helper.make_tensor("flat", TensorProto.INT64, [2], [-1, 64])
    reshape = helper.make_node("Reshape", ["image", "flat"], ["pixels"])
    return helper.make_graph([reshape, *nodes], "halves", [image], [scores], [flat, *initializers])


def _matmul(output: str) -> onnx.NodeProto:
    return helper.make_node("MatMul", ["pixels", "weights"], [output])


def _weights(sharpness: float = 1.0) -> onnx.TensorProto:
    weights = np.zeros((64, 2), np.float32)
    weights[:32, 0] = weights[32:, 1] = sharpness
    return helper.make_tensor("weights", TensorProto.FLOAT, [64, 2], weights.ravel().tolist())


def _manifest(folder: Path, old: str, new: str) -> None:
    path = folder / "model.yaml"
    text = path.read_text("utf-8")
    if old not in text:
        raise ValueError(f"the manifest has no {old!r}")
    path.write_text(text.replace(old, new), "utf-8")


def _bytes(content: bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / FILE).write_bytes(content)

    return spoil


def _truncated(folder: Path) -> None:
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole[: len(whole) // 2])


def _a_directory(folder: Path) -> None:
    (folder / FILE).unlink()
    (folder / FILE).mkdir()
    (folder / FILE / "inside").write_text("a file")


def _a_pipe(folder: Path) -> None:
    (folder / FILE).unlink()
    os.mkfifo(folder / FILE)


def _external(location: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        weights = onnx.TensorProto(
            name="weights",
            data_type=TensorProto.FLOAT,
            dims=[64, 2],
            data_location=TensorProto.EXTERNAL,
            external_data=[onnx.StringStringEntryProto(key="location", value=location)],
        )
        (folder / FILE).write_bytes(
            helper.make_model(
                _graph([_matmul("scores")], [weights]), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
            ).SerializeToString()
        )

    return spoil


def _external_by_a_link(folder: Path) -> None:
    outside = folder.parent / f"{folder.name}-outside.bin"
    outside.write_bytes(bytes(512))
    (folder / "weights.bin").symlink_to(outside)
    _external("weights.bin")(folder)


def _opset_of_the_future(folder: Path) -> None:
    _write(folder, _graph([_matmul("scores")], [_weights()]), opset=99)


def _operator_of_a_stranger(folder: Path) -> None:
    node = helper.make_node("Oracle", ["pixels"], ["scores"], domain="com.example.custom")
    _write(folder, _graph([node], []), domain="com.example.custom")


def _text_in(folder: Path) -> None:
    image = helper.make_tensor_value_info("image", TensorProto.STRING, [None, 64])
    number = helper.make_node("Cast", ["pixels"], ["numbers"], to=TensorProto.FLOAT)
    matmul = helper.make_node("MatMul", ["numbers", "weights"], ["scores"])
    _write(folder, _graph([number, matmul], [_weights()], image))


def _another_rank(folder: Path) -> None:
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [None, 1, 1, 8, 8])
    _write(folder, _graph([_matmul("scores")], [_weights()], image))


def _not_a_number(folder: Path) -> None:
    _write(folder, _graph([_matmul("scores")], [_weights(float("nan"))]))


def _endless(folder: Path) -> None:
    true = helper.make_tensor("true", TensorProto.BOOL, [], [True])
    body = helper.make_graph(
        [helper.make_node("Identity", ["before"], ["after"]), helper.make_node("Identity", ["in"], ["out"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("before", TensorProto.BOOL, []),
            helper.make_tensor_value_info("in", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("after", TensorProto.BOOL, []),
            helper.make_tensor_value_info("out", TensorProto.FLOAT, None),
        ],
    )
    nodes = [_matmul("start"), helper.make_node("Loop", ["", "true", "start"], ["scores"], body=body)]
    _write(folder, _graph(nodes, [_weights(), true]))
    _manifest(folder, "timeout: 30", "timeout: 3")


def _loop_of_the_input_s_length(folder: Path) -> None:
    """It ends, in some thousand years: what is in the picture says how many times it goes round."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["before"], ["after"]), helper.make_node("Identity", ["in"], ["out"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("before", TensorProto.BOOL, []),
            helper.make_tensor_value_info("in", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("after", TensorProto.BOOL, []),
            helper.make_tensor_value_info("out", TensorProto.FLOAT, None),
        ],
    )
    nodes = [
        _matmul("start"),
        helper.make_node("ReduceSum", ["image"], ["bright"], keepdims=0),
        helper.make_node("Mul", ["bright", "huge"], ["times"]),
        helper.make_node("Cast", ["times"], ["rounds"], to=TensorProto.INT64),
        helper.make_node("Loop", ["rounds", "", "start"], ["scores"], body=body),
    ]
    huge = helper.make_tensor("huge", TensorProto.FLOAT, [], [1e16])
    _write(folder, _graph(nodes, [_weights(), huge]))
    _manifest(folder, "timeout: 30", "timeout: 3")


def _division_that_traps(folder: Path) -> None:
    """onnxruntime 1.32 folds it at load, and dies of SIGFPE."""
    least = helper.make_tensor("least", TensorProto.INT32, [1], [-(2**31)])
    minus = helper.make_tensor("minus", TensorProto.INT32, [1], [-1])
    nodes = [
        helper.make_node("Div", ["least", "minus"], ["quotient"]),
        helper.make_node("Cast", ["quotient"], ["number"], to=TensorProto.FLOAT),
        _matmul("sums"),
        helper.make_node("Add", ["sums", "number"], ["scores"]),
    ]
    _write(folder, _graph(nodes, [_weights(), least, minus]))


def _functions_that_unfold(folder: Path, doublings: int = 18) -> None:
    """Each function calls the one below it twice: 2^18 nodes when they are inlined."""
    domain = "com.example.unfolding"
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 1)]
    functions = [helper.make_function(domain, "f0", ["x"], ["y"], [helper.make_node("Neg", ["x"], ["y"])], opsets)]
    for level in range(1, doublings + 1):
        below = f"f{level - 1}"
        nodes = [
            helper.make_node(below, ["x"], ["half"], domain=domain),
            helper.make_node(below, ["half"], ["y"], domain=domain),
        ]
        functions.append(helper.make_function(domain, f"f{level}", ["x"], ["y"], nodes, opsets))
    graph = _graph(
        [_matmul("sums"), helper.make_node(f"f{doublings}", ["sums"], ["scores"], domain=domain)], [_weights()]
    )
    onnx.save(helper.make_model(graph, opset_imports=opsets, functions=functions, ir_version=8), folder / FILE)
    _manifest(folder, "timeout: 30, memory: 512", "timeout: 3, memory: 2048")


def _large_at_load(folder: Path) -> None:
    """A constant of 100 GB, which onnxruntime tries to fold at load, and needs at the latest in its first run."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [1], [_GIGABYTES // 4])
    value = helper.make_tensor("value", TensorProto.FLOAT, [1], [0.0])
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["large"], value=value),
        helper.make_node("ReduceSum", ["large"], ["nothing"], keepdims=0),
        _matmul("sums"),
        helper.make_node("Add", ["sums", "nothing"], ["scores"]),
    ]
    _write(folder, _graph(nodes, [_weights(), shape]))


def _large_at_run(folder: Path) -> None:
    shape = helper.make_tensor("shape", TensorProto.INT64, [1], [_GIGABYTES // 4])
    nodes = [
        _matmul("sums"),
        helper.make_node("ReduceMin", ["sums"], ["least"], keepdims=0),
        helper.make_node("Expand", ["least", "shape"], ["large"]),
        helper.make_node("ReduceMin", ["large"], ["nothing"], keepdims=0),
        helper.make_node("Add", ["sums", "nothing"], ["scores"]),
    ]
    _write(folder, _graph(nodes, [_weights(), shape]))


def _nested_subgraphs(folder: Path, deep: int = 10_000) -> None:
    """``If`` in ``If``, ten thousand deep, written by hand: protobuf's own writer gives up long before."""
    innermost = _graph([_matmul("scores")], [_weights()]).SerializeToString()
    graph = innermost
    for _ in range(deep):
        attribute = _field(1, b"then_branch") + _field(6, graph) + b"\xa0\x01\x05"
        node = _field(1, b"true") + _field(2, b"scores") + _field(4, b"If") + _field(5, attribute)
        graph = _field(1, node) + _field(2, b"nested")
    opset = b"\x10\x11"
    (folder / FILE).write_bytes(b"\x08\x08" + _field(7, graph) + _field(8, opset))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field of protobuf's wire format."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _beyond_the_tolerance(folder: Path) -> None:
    _manifest(folder, "expect: {label: top, min-score: 0.9}", "expect: {outputs: {scores: golden/top.npy}}")
    np.save(folder / "golden" / "top.npy", np.array([[32.5, 0.0]], np.float32))


def _the_wrong_way_round(folder: Path) -> None:
    _write(folder, _graph([_matmul("scores")], [_weights(-1.0)]))


def _too_slow(folder: Path) -> None:
    """Large products for an 8 × 8 image: tens of milliseconds where one was granted."""
    size = 700
    large = np.full((size, size), 1 / size, np.float32)
    nodes: list[onnx.NodeProto] = [
        _matmul("sums"),
        helper.make_node("ReduceMax", ["sums"], ["most"], keepdims=0),
        helper.make_node("Mul", ["large", "most"], ["x0"]),
    ]
    nodes += [helper.make_node("MatMul", [f"x{step}", "large"], [f"x{step + 1}"]) for step in range(4)]
    nodes += [
        helper.make_node("ReduceMin", ["x4"], ["least"], keepdims=0),
        helper.make_node("Mul", ["least", "zero"], ["nothing"]),
        helper.make_node("Add", ["sums", "nothing"], ["scores"]),
    ]
    zero = helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0])
    initializers = [_weights(), helper.make_tensor("large", TensorProto.FLOAT, [size, size], large.tobytes(), raw=True)]
    _write(folder, _graph(nodes, [*initializers, zero]))
    _manifest(folder, "vetting:", "budget: {cpu-ms: 1}\nvetting:")


def _a_manifest_of_another_model(folder: Path) -> None:
    _manifest(folder, "size: [8, 8]", "size: [9, 8]")


def _fewer_scores_than_labels(folder: Path) -> None:
    _manifest(folder, "labels: [top, bottom]", "labels: [top, bottom, left]")


BROKEN = {
    "truncated": Broken(_truncated, "graph", "graph", "protobuf"),
    "random-bytes": Broken(_bytes(np.random.default_rng(5).bytes(4096)), "graph", "graph", "protobuf"),
    "zero-bytes": Broken(_bytes(b""), "graph", "graph", "."),
    "a-directory": Broken(_a_directory, "manifest", "manifest", "no such file"),
    "a-pipe": Broken(_a_pipe, "digest", "digest", "halves.onnx"),
    "external-data-absent": Broken(_external("weights.bin"), "graph", "graph", "weights.bin|external"),
    "external-data-outside": Broken(_external("../../etc/passwd"), "graph", "graph", "etc/passwd|escapes|external"),
    "external-data-by-a-link": Broken(_external_by_a_link, "digest", "digest", "weights.bin: a model holds files"),
    "opset-of-the-future": Broken(_opset_of_the_future, "graph", "graph", "opset"),
    "operator-of-a-stranger": Broken(_operator_of_a_stranger, "graph", "graph", "Oracle|com.example.custom"),
    "text-in": Broken(_text_in, "graph", "graph", "string"),
    "another-rank": Broken(_another_rank, "graph", "graph", "correct size, colour or layout"),
    "not-a-number": Broken(_not_a_number, "golden", "warm-up", "NaN"),
    "endless-loop": Broken(_endless, "timeout", "warm-up", "raise vetting.timeout"),
    "loop-of-the-input-s-length": Broken(_loop_of_the_input_s_length, "timeout", "warm-up", "raise vetting.timeout"),
    "division-that-traps": Broken(_division_that_traps, "signal", "load", "SIGFPE"),
    "functions-that-unfold": Broken(_functions_that_unfold, "timeout|memory", "graph|load", "graph|load"),
    "large-at-load": Broken(_large_at_load, "memory", "load|warm-up", "alloc|memory"),
    "large-at-run": Broken(_large_at_run, "memory", "warm-up", "alloc|memory"),
    "nested-subgraphs": Broken(_nested_subgraphs, "graph", "graph", "."),
    "beyond-the-tolerance": Broken(_beyond_the_tolerance, "golden", "golden", "is 32, and should be 32.5"),
    "the-wrong-way-round": Broken(_the_wrong_way_round, "golden", "golden", "is 'bottom'"),
    "too-slow": Broken(_too_slow, "budget", "cost", "budget.cpu-ms"),
    "a-manifest-of-another-model": Broken(_a_manifest_of_another_model, "graph", "graph", "correct size"),
    "fewer-scores-than-labels": Broken(_fewer_scores_than_labels, "graph", "graph", "3 labels"),
}


def make(folder: Path, name: str) -> Path:
    """Write one of them, as a nucleus would unpack it."""
    BROKEN[name].spoil(write_good(folder))
    return folder


def matches(pattern: str, text: str) -> bool:
    """Whether the words are as they must be; case does not matter."""
    return re.search(pattern, text, re.IGNORECASE) is not None


if __name__ == "__main__":
    into = Path(sys.argv[1])
    for each, broken in BROKEN.items():
        shutil.rmtree(into / each, ignore_errors=True)
        make(into / each, each)
        sys.stdout.write(f"{into / each}: {broken.reason}\n")
