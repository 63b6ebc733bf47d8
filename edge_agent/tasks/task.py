"""The form that every task has: a few small functions, each made for one manifest and one graph."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import UnreadableFrameError
from edge_agent.tasks.graph import Graph
from edge_agent.tasks.output import Output
from shared_schema.model_manifest import ModelManifest

Feed = Mapping[str, NDArray[Any]]
"""The graph's inputs by name."""
Outputs = Mapping[str, NDArray[Any]]
"""The graph's outputs by name."""
Frame = Any
"""A decoded frame: pixels for an image task, rows for `tabular`, tensors by name for `raw`."""
Content = str | bytes | NDArray[Any]
"""A frame as its source has it: a file's bytes, the path of a file that it could not read, or a camera's pixels."""

MOST_BYTES: Final = 1 << 28
"""The most bytes of a frame: a file that grows without end must not fill the memory."""


@dataclass(frozen=True, slots=True)
class BoundTask:
    """A task bound to one manifest and one graph."""

    decode: Callable[[bytes, str], Frame]
    """Makes a frame of a file's bytes and name. Raises ``UnreadableFrameError``."""
    prepare: Callable[[Frame], Feed]
    """Makes the graph's inputs of a frame, valid until the thread's next call. Raises ``UnreadableFrameError``."""
    interpret: Callable[[Outputs, Frame], Output]
    """Makes the prediction's ``output`` of the graph's outputs for a frame. Raises ``InferenceError``."""
    look: Callable[[NDArray[Any]], Frame] | None = None
    """Makes a frame of a camera's pixels, for a task that takes images."""
    stackable: bool = False
    """Whether several frames may be stacked along the first dimension, for one run."""

    def read(self, path: str | Path) -> Frame:
        """Read a file into a frame. Raises ``UnreadableFrameError``, and ``OSError`` if the file cannot be read."""
        name = printable(os.path.basename(path))  # noqa: PTH119  the cold making of a `Path` costs more
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            content = content_of(descriptor, name, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)
        return self.decode(content, name)

    def frame(self, content: Content, name: str) -> Frame:
        """Make a frame of what a source has. Raises as `read` does."""
        if isinstance(content, str):
            return self.read(content)
        if isinstance(content, bytes):
            return self.decode(content, name)
        if self.look is None:
            raise UnreadableFrameError(
                f"{name} is a camera's, and this model takes no images", "give it another source"
            )
        return self.look(content)


Task = Callable[[ModelManifest, Graph], BoundTask]
"""Binds a task to a manifest and a graph. Raises ``GraphMismatchError`` if the two do not fit."""


def printable(name: str) -> str:
    """Return a file's name as text that can be sent and logged. Bytes that are no UTF-8 are shown as ``\\xfc``."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def content_of(descriptor: int, name: str, size: int) -> bytes:
    """Return the bytes of an open file of this size, by as few calls as possible: this is done for every frame.

    Raises ``UnreadableFrameError`` if it is too large, and ``OSError`` if it cannot be read.
    """
    if size > MOST_BYTES:
        raise UnreadableFrameError(f"{name} has more than {MOST_BYTES} bytes; it is set aside")
    content = os.read(descriptor, size + 1)
    if len(content) != size:
        # The file changes while it is read, or the kernel returned less than asked for.
        with open(descriptor, "rb", closefd=False) as stream:
            stream.seek(0)
            content = stream.read(MOST_BYTES)
    return content


def finite(values: NDArray[Any]) -> bool:
    """Return whether no value is NaN or infinite."""
    return bool(np.isfinite(values).all()) if values.dtype.kind in "fc" else True


def stackable(graph: Graph) -> bool:
    """Return whether every input and output leaves its first dimension open."""
    return all(tensor.shape and tensor.shape[0] is None for tensor in (*graph.inputs, *graph.outputs))
