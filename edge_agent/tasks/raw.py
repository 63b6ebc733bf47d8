"""Raw: the graph's tensors in, from an ``.npz``, and its tensors out."""

import io
import math
import struct
import zipfile
import zlib
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import GraphMismatchError, UnreadableFrameError
from edge_agent.tasks.graph import NUMPY_TYPES, STRINGS, Graph, Tensor
from edge_agent.tasks.json_values import check_outputs, check_size, json_values
from edge_agent.tasks.output import Output
from edge_agent.tasks.task import MOST_BYTES, BoundTask, Feed, Frame, Outputs
from shared_schema.model_manifest import ModelManifest

MOST_TENSORS: Final = 1024
"""The most tensors of a sample: each entry of an archive costs memory before it is looked at."""
_ENTRY: Final = b"PK\x01\x02"
"""What each entry of an archive's directory begins with (APPNOTE.TXT, 4.3.12)."""
_AS_NUMPY_WRITES: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""zipfile unfolds any other method by the whole block, however large: bzip2 makes gigabytes of a kilobyte."""


def raw(_: ModelManifest, graph: Graph) -> BoundTask:
    """``output`` is ``{"outputs": {name: nested lists}}``."""
    for taken in graph.inputs:
        if taken.type not in NUMPY_TYPES and taken.type != STRINGS:
            raise GraphMismatchError(f"the graph's input is {taken}, which numpy has no type for", "export another")
    check_outputs(graph.outputs)

    def prepare(tensors: Any) -> Feed:
        missing = [taken.name for taken in graph.inputs if taken.name not in tensors]
        if missing:
            raise UnreadableFrameError(f"the sample lacks the inputs {', '.join(missing)}", "add them to the .npz")
        return {taken.name: _cast(taken, tensors[taken.name]) for taken in graph.inputs}

    return BoundTask(_decode, prepare, _interpret)


def _decode(content: bytes, name: str) -> dict[str, NDArray[Any]]:
    if content.count(_ENTRY) > MOST_TENSORS:
        raise UnreadableFrameError(f"{name} has more than {MOST_TENSORS} tensors")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            _check(packed, name)
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {each: archive[each] for each in archive.files}
    except (
        *(ValueError, EOFError, OSError, RuntimeError, LookupError, OverflowError, MemoryError),
        *(zipfile.BadZipFile, zlib.error, struct.error),
    ) as error:
        raise UnreadableFrameError(f"{name} is no .npz of plain tensors: {error}") from None


def _check(packed: zipfile.ZipFile, name: str) -> None:
    """Look at an archive before anything of it is unfolded. Raises ``UnreadableFrameError``."""
    unpacked = sum(each.file_size for each in packed.infolist())
    if unpacked > MOST_BYTES:
        raise UnreadableFrameError(f"{name} unpacks to {unpacked} bytes, and {MOST_BYTES} is the most")
    for each in packed.infolist():
        if each.compress_type not in _AS_NUMPY_WRITES:
            raise UnreadableFrameError(f"{name}: {each.filename} is packed in a way that numpy does not write")
        with packed.open(each) as stream:
            promised = _promised(stream)
        if promised > each.file_size:
            raise UnreadableFrameError(
                f"{name}: {each.filename} says that it holds {promised} bytes, and has {each.file_size}"
            )


def _promised(stream: IO[bytes]) -> int:
    """Return how many bytes a ``.npy`` says that its tensor has: numpy reserves as many before it reads them."""
    version = np.lib.format.read_magic(stream)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError(f"a .npy of version {version[0]}.{version[1]}")
    shape, _, dtype = read(stream)
    return math.prod(shape) * dtype.itemsize


def _cast(taken: Tensor, values: Any) -> NDArray[Any]:
    """Return the tensor in the graph's element type. It may lose precision, but keeps its kind, and never wraps."""
    given, name = np.asarray(values), taken.name
    if taken.type == STRINGS:
        if given.dtype.kind != "U":
            raise UnreadableFrameError(f"{name} is {given.dtype}, and the graph takes texts", "save them as numpy's U")
        return given.astype(object)
    dtype = np.dtype(NUMPY_TYPES[taken.type])
    if not np.can_cast(given.dtype, dtype, casting="same_kind"):
        raise UnreadableFrameError(f"{name} is {given.dtype}, and the graph takes {dtype}", "save it as that")
    if dtype.kind in "iu" and given.size and not np.can_cast(given.dtype, dtype):
        bounds = np.iinfo(dtype)
        if given.min() < bounds.min or given.max() > bounds.max:
            raise UnreadableFrameError(f"{name} has values that {dtype} cannot hold", f"save it as {dtype}")
    return given.astype(dtype, copy=False)


def _interpret(outputs: Outputs, _: Frame) -> Output:
    check_size(outputs)
    return {"outputs": {name: json_values(value) for name, value in outputs.items()}}
