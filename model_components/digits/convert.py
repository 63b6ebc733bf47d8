"""The component's custom build: from the model package's scikit-learn model to ``digits.onnx``.

`cloud-publisher build` runs it with ``MODEL_DIR`` and ``OUTPUT_DIR`` in its environment. It checks that the graph is
valid; whether its answers are right is for the golden samples to say, on the device.
"""

import os
import sys
import zipfile
from pathlib import Path

import onnx
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.helpers.onnx_helper import select_model_inputs_outputs
from skops.io import load
from skops.io.exceptions import UntrustedTypesFoundException

MODEL_FILE = "model.skops"
ONNX_FILE = "digits.onnx"
# Every onnxruntime that the agent may have runs these, and skl2onnx needs nothing newer.
OPSET, ML_OPSET = 18, 3
TRUSTED = ("sklearn.neural_network._stochastic_optimizers.AdamOptimizer",)
"""What a model may hold beyond skops's own list of harmless types."""


class ConversionError(Exception):
    """The model cannot be converted. ``problem`` says why, ``remedy`` what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}; {remedy}")


def convert(model_folder: Path, output_folder: Path) -> Path:
    """Write ``digits.onnx``: ``image`` float32 [N, 1, 8, 8], 0 to 16, in; ``probabilities`` float32 [N, 10] out.

    Raises ``ConversionError`` for a model that is missing or is not one of ours.
    """
    source = model_folder / MODEL_FILE
    if not source.is_file():
        found = ", ".join(sorted(path.name for path in model_folder.iterdir())) or "nothing"
        raise ConversionError(f"the model package holds no {MODEL_FILE} but {found}", "register what train.py wrote")
    try:
        pipeline = load(source, trusted=list(TRUSTED))
    except UntrustedTypesFoundException as error:
        raise ConversionError(str(error), "train it anew with train.py, or widen TRUSTED after a review") from None
    except zipfile.BadZipFile:
        raise ConversionError(f"{MODEL_FILE} is no skops file", "register what train.py wrote") from None
    graph = to_onnx(
        pipeline,
        initial_types=[("pixels", FloatTensorType([None, 64]))],
        options={id(pipeline): {"zipmap": False}},
        target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
    )
    graph = _from_picture(select_model_inputs_outputs(graph, outputs="probabilities"))
    onnx.checker.check_model(graph, full_check=True)
    target = output_folder / ONNX_FILE
    onnx.save(graph, target)
    return target


def main() -> int:
    """Convert as the environment says. Exit code 0; 1 for a model that will not do; 2 without the environment."""
    missing = [name for name in ("MODEL_DIR", "OUTPUT_DIR") if not os.environ.get(name)]
    if missing:
        print(f"{' and '.join(missing)} not set: `cloud-publisher build` sets both", file=sys.stderr)
        return 2
    try:
        target = convert(Path(os.environ["MODEL_DIR"]), Path(os.environ["OUTPUT_DIR"]))
    except (ConversionError, OSError, onnx.checker.ValidationError) as error:
        print(f"cannot convert the digits model: {error}", file=sys.stderr)
        return 1
    print(f"{target.name}: {target.stat().st_size} bytes, opset {OPSET}")
    return 0


def _from_picture(model: onnx.ModelProto) -> onnx.ModelProto:
    """Put a Flatten in front, so that the graph takes a picture and not a row of a table."""
    graph = model.graph
    row = graph.input[0].name
    graph.node.insert(0, helper.make_node("Flatten", ["image"], [row], name="from_picture", axis=1))
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8]))
    used = {name for node in graph.node for name in node.input}
    kept = [initializer for initializer in graph.initializer if initializer.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 10]))
    return model


if __name__ == "__main__":
    sys.exit(main())
