"""Raw: the graph's tensors in, from an ``.npz``, and its tensors out."""

import io
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import GraphMismatchError, UnreadableFrameError
from edge_agent.tasks.graph import NUMPY_TYPES, Graph
from edge_agent.tasks.output import Output
from edge_agent.tasks.task import MOST_BYTES, BoundTask, Feed, Frame, Outputs
from shared_schema.model_manifest import ModelManifest


def raw(_: ModelManifest, graph: Graph) -> BoundTask:
    """``output`` is ``{"outputs": {name: nested lists}}``."""
    types = {}
    for taken in graph.inputs:
        if taken.type not in NUMPY_TYPES:
            raise GraphMismatchError(f"the graph's input is {taken}, which numpy has no type for", "export another")
        types[taken.name] = NUMPY_TYPES[taken.type]

    def prepare(tensors: Any) -> Feed:
        missing = [name for name in types if name not in tensors]
        if missing:
            raise UnreadableFrameError(f"the sample lacks the inputs {', '.join(missing)}", "add them to the .npz")
        return {name: _cast(name, tensors[name], dtype) for name, dtype in types.items()}

    return BoundTask(_decode, prepare, _interpret)


def _decode(content: bytes, name: str) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(each.file_size for each in packed.infolist())
        if unpacked > MOST_BYTES:
            raise UnreadableFrameError(f"{name} unpacks to {unpacked} bytes, and {MOST_BYTES} is the most")
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {each: archive[each] for each in archive.files}
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise UnreadableFrameError(f"{name} is no .npz of plain tensors: {error}") from None


def _cast(name: str, values: Any, dtype: type[np.generic]) -> NDArray[Any]:
    """Return the tensor in the graph's element type. It may lose precision, but never change its kind."""
    given = np.asarray(values)
    if not np.can_cast(given.dtype, dtype, casting="same_kind"):
        raise UnreadableFrameError(f"{name} is {given.dtype}, and the graph takes {np.dtype(dtype)}", "save it as that")
    return given.astype(dtype, copy=False)


def _interpret(outputs: Outputs, _: Frame) -> Output:
    return {"outputs": {name: np.asarray(value).tolist() for name, value in outputs.items()}}
