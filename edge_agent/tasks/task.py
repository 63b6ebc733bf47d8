"""The form that every task has: four small functions, each made for one manifest and one graph."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.inference.graph import Graph
from shared_schema.model_manifest import ModelManifest

Feed = Mapping[str, NDArray[Any]]
"""The graph's inputs by name."""
Outputs = Mapping[str, NDArray[Any]]
"""The graph's outputs by name."""
Frame = Any
"""What `read` gives and `prepare` takes: pixels for an image task, tensors by name for `raw`."""


class GraphMismatchError(ValueError):
    """The graph does not take or give what the manifest says; the message names which."""


@dataclass(frozen=True, slots=True)
class BoundTask:
    """A task bound to one manifest and one graph."""

    read: Callable[[Path], Frame]
    """From a file to a frame. Raises ``UnreadableFrameError``."""
    prepare: Callable[[Frame], Feed]
    """From a frame to the graph's inputs. Raises ``UnreadableFrameError``."""
    interpret: Callable[[Outputs], dict[str, Any]]
    """From the graph's outputs to the prediction's ``output``. Raises ``InferenceError``."""


Task = Callable[[ModelManifest, Graph], BoundTask]
"""A task: binds itself to a manifest and a graph. Raises ``GraphMismatchError`` when the two do not fit."""


def finite(values: NDArray[Any]) -> bool:
    """Whether every number is one: neither NaN nor infinite."""
    return bool(np.isfinite(values).all()) if np.issubdtype(values.dtype, np.number) else True
