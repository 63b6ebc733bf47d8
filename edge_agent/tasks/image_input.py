"""What the image tasks share: the check of the graph's one input, and the reading of images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_agent.errors import GraphMismatchError
from edge_agent.tasks.graph import NUMPY_TYPES, Graph
from edge_agent.tasks.images import Pixels, as_wanted, decode_image
from edge_agent.tasks.preparing import preprocessor
from edge_agent.tasks.task import Feed
from shared_schema.model_manifest import ModelManifest, Preprocessing


@dataclass(frozen=True, slots=True)
class ImageInput:
    """How an image is decoded, taken from a camera, and prepared. The functions are those of `BoundTask`."""

    decode: Callable[[bytes, str], Pixels]
    look: Callable[[Pixels], Pixels]
    prepare: Callable[[Any], Feed]
    preprocessing: Preprocessing


def image_input(manifest: ModelManifest, graph: Graph) -> ImageInput:
    """Return the functions that read and prepare an image. Raises ``GraphMismatchError``."""
    wanted = manifest.preprocessing
    if wanted is None:
        raise GraphMismatchError(f"a {manifest.task} model has no preprocessing", "add it to model.yaml")
    if len(graph.inputs) != 1:
        raise GraphMismatchError(
            f"the graph takes {len(graph.inputs)} inputs, and a {manifest.task} model takes one image",
            "export it with one input",
        )
    taken = graph.inputs[0]
    dtype = NUMPY_TYPES.get(taken.type)
    if dtype is None:
        raise GraphMismatchError(f"the graph's input is {taken}, which no image becomes", "export it as float")
    given = _shape(wanted)
    if taken.shape and (
        len(taken.shape) != len(given)
        or any(size is not None and size != other for size, other in zip(taken.shape, given, strict=True))
    ):
        raise GraphMismatchError(
            f"the graph's input is {taken}, and model.yaml's preprocessing gives {list(given)} ({wanted.layout}, "
            f"{wanted.colour})",
            "correct size, colour or layout",
        )
    prepare = preprocessor(wanted, dtype)
    return ImageInput(
        decode=lambda content, name: decode_image(content, name, wanted),
        look=lambda pixels: as_wanted(pixels, wanted),
        prepare=lambda pixels: {taken.name: prepare(pixels)},
        preprocessing=wanted,
    )


def _shape(wanted: Preprocessing) -> tuple[int, ...]:
    height, width = wanted.size
    channels = 1 if wanted.colour == "gray" else 3
    return (1, channels, height, width) if wanted.layout == "nchw" else (1, height, width, channels)
