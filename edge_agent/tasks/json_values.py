"""Makes JSON of tensors: for predictions that hold a graph's own values, not labels or boxes.

It bounds them, since a prediction is one line and one message; and it says in words what JSON has no number for.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import GraphMismatchError, InferenceError
from edge_agent.tasks.graph import NUMPY_TYPES, STRINGS, Tensor
from shared_schema.json_value import JsonValue

MOST_VALUES: Final = 1 << 20
"""The most values of a prediction, some 20 MB of JSON: more than YOLO's 84 × 8400, or a mask of 1000 × 1000."""
MOST_CHARACTERS: Final = 1 << 24
"""The most characters of a prediction's texts."""


def check_outputs(outputs: tuple[Tensor, ...]) -> None:
    """Raise ``GraphMismatchError`` unless each output is a tensor that becomes JSON."""
    for output in outputs:
        if output.type in NUMPY_TYPES or output.type == STRINGS:
            continue
        remedy = "export it as a tensor of floats, integers or texts, or not as an output"
        if "map(" in output.type:
            remedy = "export a tensor: by skl2onnx with options={'zipmap': False}"
        raise GraphMismatchError(f"the output {output} is nothing that a prediction can hold", remedy)


def check_size(outputs: Mapping[str, Any]) -> None:
    """Raise ``InferenceError`` if the outputs together are too many values, or too much text, for one prediction."""
    sizes = {name: np.asarray(value).size for name, value in outputs.items()}
    if sum(sizes.values()) > MOST_VALUES:
        name = max(sizes, key=sizes.__getitem__)
        raise InferenceError(
            f"{name} has {sizes[name]} values, and a prediction has {MOST_VALUES} at most",
            "let the graph give less, or lay out what it gives as labels or boxes",
        )
    texts = sum(len(text) for value in outputs.values() for text in _texts(np.asarray(value)))
    if texts > MOST_CHARACTERS:
        raise InferenceError(f"the texts have {texts} characters, and a prediction has {MOST_CHARACTERS} at most")


def json_values(value: Any) -> JsonValue:
    """Return a tensor as nested lists; a scalar as itself.

    JSON has no NaN and no infinity (RFC 8259, 6): they become the texts ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``,
    as Protocol Buffers write them (ProtoJSON, "float, double").
    """
    tensor = np.asarray(value)
    if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
        spelled = tensor.astype(object)
        spelled[np.isnan(tensor)] = "NaN"
        spelled[np.isposinf(tensor)] = "Infinity"
        spelled[np.isneginf(tensor)] = "-Infinity"
        tensor = spelled
    values: JsonValue = tensor.tolist()
    return values


def _texts(tensor: NDArray[Any]) -> list[str]:
    return [str(text) for text in tensor.reshape(-1)] if tensor.dtype.kind in "OU" else []
