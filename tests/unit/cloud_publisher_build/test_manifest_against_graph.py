"""The manifest against an ONNX graph: what agrees, and each way to disagree."""

from typing import Any

import pytest
from onnx import TensorProto, helper

from cloud_publisher.build.graph_check import NEWEST_IR, NEWEST_OPSETS, ONNXRUNTIME, problems_with_graph
from shared_schema.model_manifest import ModelManifest


def _manifest(**changes: Any) -> ModelManifest:
    document: dict[str, Any] = {
        "file": "tiny.onnx",
        "task": "classification",
        "labels": ["0", "1"],
        "preprocessing": {"size": [8, 6], "colour": "gray"},
        "golden": {"samples": [{"input": "one.png", "expect": {"label": "1"}}]},
    }
    return ModelManifest.model_validate(document | changes)


def _graph(
    shape: tuple[int | str, ...] = ("N", 1, 8, 6),
    dtype: int = TensorProto.FLOAT,
    scores: int | str = 2,
    *,
    opset: int = 18,
    ml: int = 3,
    ir: int = 10,
    inputs: tuple[str, ...] = ("image",),
) -> Any:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["image"], ["probabilities"])],
        "g",
        [helper.make_tensor_value_info(name, dtype, shape) for name in inputs],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", scores])],
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", ml), helper.make_opsetid("own", 99)]
    return helper.make_model(graph, opset_imports=imports, ir_version=ir)


@pytest.mark.parametrize(
    ("graph", "manifest"),
    [
        (_graph(), _manifest()),
        (_graph(("N", "C", "H", "W"), scores="K"), _manifest()),
        (_graph((1, 8, 6, 3)), _manifest(preprocessing={"size": [8, 6], "colour": "rgb", "layout": "nhwc"})),
        (_graph((1, 3, 8, 6), TensorProto.UINT8), _manifest(preprocessing={"size": [8, 6], "colour": "bgr"})),
        (_graph(("N", 4), TensorProto.INT64), _manifest(task="raw", labels=[], preprocessing=None)),
    ],
    ids=["as it says", "all open", "nhwc", "uint8", "no picture"],
)
def test_a_manifest_that_fits_has_no_problems(graph: Any, manifest: ModelManifest) -> None:
    assert problems_with_graph(graph, manifest) == []


@pytest.mark.parametrize(
    ("graph", "manifest", "words"),
    [
        (_graph(("N", 3, 8, 6)), _manifest(), "is not what preprocessing makes: [1, 1, 8, 6]"),
        (_graph(("N", 1, 6, 8)), _manifest(), "is not what preprocessing makes"),
        (_graph(("N", 48)), _manifest(), "has 2 dimensions, and layout nchw has 4"),
        (_graph((4, 1, 8, 6)), _manifest(), "takes 4 images at once"),
        (_graph(dtype=TensorProto.INT64), _manifest(), "takes no pixels"),
        (_graph(inputs=("image", "mask")), _manifest(), "has one input, the image, and the graph has: 'image', 'mask'"),
        (_graph(scores=3), _manifest(), "there are 2 labels, and the output 'probabilities' float [N, 3] has 3 scores"),
        (_graph(), _manifest(postprocessing={"output": "logits"}), "the graph's outputs are 'probabilities'"),
        (
            _graph(),
            _manifest(golden={"samples": [{"input": "x.npz", "expect": {"outputs": {"boxes": "x.npy"}}}]}),
            "golden samples expect the output 'boxes'",
        ),
        (_graph(opset=NEWEST_OPSETS[""] + 1), _manifest(), f"opset {NEWEST_OPSETS[''] + 1} of ai.onnx"),
        (_graph(ml=NEWEST_OPSETS["ai.onnx.ml"] + 1), _manifest(), "of ai.onnx.ml"),
        (_graph(ir=NEWEST_IR + 1), _manifest(), f"IR version is {NEWEST_IR + 1}"),
    ],
)
def test_each_disagreement_is_told(graph: Any, manifest: ModelManifest, words: str) -> None:
    (problem,) = problems_with_graph(graph, manifest)
    assert words in problem


def test_the_limits_are_those_of_the_onnxruntime_that_is_pinned() -> None:
    from importlib.metadata import version

    assert version("onnxruntime").startswith(f"{ONNXRUNTIME}.")
