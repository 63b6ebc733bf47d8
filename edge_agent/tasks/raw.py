"""Raw: the graph's tensors in, from an ``.npz``, and its tensors out."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import UnreadableFrameError
from edge_agent.inference.graph import NUMPY_TYPES, Graph
from edge_agent.tasks.task import BoundTask, Feed, GraphMismatchError, Outputs
from shared_schema.model_manifest import ModelManifest


def raw(_: ModelManifest, graph: Graph) -> BoundTask:
    """``output`` is ``{"outputs": {name: nested lists}}``."""
    types = {}
    for taken in graph.inputs:
        if taken.type not in NUMPY_TYPES:
            raise GraphMismatchError(f"the graph's input is {taken}, which numpy has no type for; export another")
        types[taken.name] = NUMPY_TYPES[taken.type]

    def prepare(tensors: Any) -> Feed:
        missing = [name for name in types if name not in tensors]
        if missing:
            raise UnreadableFrameError(f"the sample lacks the inputs {', '.join(missing)}; add them to the .npz")
        return {name: np.asarray(tensors[name], dtype=dtype) for name, dtype in types.items()}

    return BoundTask(_read, prepare, _interpret)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise UnreadableFrameError(f"{path.name} is no .npz of plain tensors: {error}") from None


def _interpret(outputs: Outputs) -> dict[str, Any]:
    return {"outputs": {name: np.asarray(value).tolist() for name, value in outputs.items()}}
