"""The form that every task has: a few small functions, each made for one manifest and one graph."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import UnreadableFrameError
from edge_agent.inference.graph import Graph
from shared_schema.model_manifest import ModelManifest

Feed = Mapping[str, NDArray[Any]]
"""The graph's inputs by name."""
Outputs = Mapping[str, NDArray[Any]]
"""The graph's outputs by name."""
Frame = Any
"""What `decode` gives and `prepare` takes: pixels for an image task, rows for `tabular`, tensors by name for `raw`."""
Content = str | bytes | NDArray[Any]
"""What a source has of a frame: a file's bytes, the path of one that it could not read, or a camera's pixels."""

MOST_BYTES: Final = 1 << 28
"""No frame has more: a file that someone fills without end must not fill the memory."""


class GraphMismatchError(ValueError):
    """The graph does not take or give what the manifest says; the message names which."""


@dataclass(frozen=True, slots=True)
class BoundTask:
    """A task bound to one manifest and one graph."""

    decode: Callable[[bytes, str], Frame]
    """From a file's bytes and name to a frame. Raises ``UnreadableFrameError``."""
    prepare: Callable[[Frame], Feed]
    """From a frame to the graph's inputs, which hold until the thread's next call. Raises ``UnreadableFrameError``."""
    interpret: Callable[[Outputs, Frame], dict[str, Any]]
    """From the graph's outputs for a frame to the prediction's ``output``. Raises ``InferenceError``."""
    look: Callable[[NDArray[Any]], Frame] | None = None
    """From a camera's pixels to a frame, for a task that takes images."""
    stackable: bool = False
    """Whether several frames may be stacked along the first dimension and asked in one run."""

    def read(self, path: str | Path) -> Frame:
        """From a file to a frame. Raises ``UnreadableFrameError``, and ``OSError`` for a file that cannot be read."""
        name = os.path.basename(path)  # noqa: PTH119  the cold making of a `Path` costs more
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            content = content_of(descriptor, name, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)
        return self.decode(content, name)

    def frame(self, content: Content, name: str) -> Frame:
        """From what a source has to a frame. Raises as `read` does."""
        if isinstance(content, str):
            return self.read(content)
        if isinstance(content, bytes):
            return self.decode(content, name)
        if self.look is None:
            raise UnreadableFrameError(f"{name} is a camera's, and this model takes no images; give it another source")
        return self.look(content)


Task = Callable[[ModelManifest, Graph], BoundTask]
"""A task: binds itself to a manifest and a graph. Raises ``GraphMismatchError`` when the two do not fit."""


def content_of(descriptor: int, name: str, size: int) -> bytes:
    """The bytes of an open file of this size, by the few calls that it takes: this is done for every frame.

    Raises ``UnreadableFrameError`` for one that is too large, and ``OSError`` for one that cannot be read.
    """
    if size > MOST_BYTES:
        raise UnreadableFrameError(f"{name} has more than {MOST_BYTES} bytes; it is set aside")
    content = os.read(descriptor, size + 1)
    if len(content) != size:
        # It changes while it is read, or the kernel gives less than it was asked for.
        with open(descriptor, "rb", closefd=False) as stream:
            stream.seek(0)
            content = stream.read(MOST_BYTES)
    return content


def finite(values: NDArray[Any]) -> bool:
    """Whether every number is one: neither NaN nor infinite."""
    return bool(np.isfinite(values).all()) if values.dtype.kind in "fc" else True


def stackable(graph: Graph) -> bool:
    """Whether every input and output leaves its first dimension open."""
    return all(tensor.shape and tensor.shape[0] is None for tensor in (*graph.inputs, *graph.outputs))
