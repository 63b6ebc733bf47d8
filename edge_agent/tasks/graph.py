"""A graph's inputs and outputs: names, types and shapes. Plain data, so that tasks can be checked without a runtime."""

from dataclasses import dataclass
from typing import Final

import numpy as np

NUMPY_TYPES: Final[dict[str, type[np.generic]]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(uint16)": np.uint16,
    "tensor(int16)": np.int16,
    "tensor(uint32)": np.uint32,
    "tensor(int32)": np.int32,
    "tensor(uint64)": np.uint64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}
"""numpy's types by onnxruntime's names of element types, for those that both have."""
STRINGS: Final = "tensor(string)"
"""onnxruntime's name of tensors of texts: an array of Python's texts."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output. ``shape`` has ``None`` for a dimension that the graph leaves open."""

    name: str
    type: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name} {self.type}[{sizes}]"


@dataclass(frozen=True, slots=True)
class Graph:
    """The inputs and outputs, in the graph's order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    def output(self, name: str | None) -> Tensor | None:
        """Return the output of this name, or the first one if no name is given; ``None`` if there is no such output."""
        if name is None:
            return self.outputs[0] if self.outputs else None
        return next((output for output in self.outputs if output.name == name), None)
