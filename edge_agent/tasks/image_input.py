"""What the tasks that look at images share: the check of the graph's one input, and the reading."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_agent.inference.graph import NUMPY_TYPES, Graph
from edge_agent.inference.images import Pixels, preprocessor, read_image
from edge_agent.tasks.task import Feed, GraphMismatchError
from shared_schema.model_manifest import ModelManifest, Preprocessing


def image_input(manifest: ModelManifest, graph: Graph) -> tuple[Callable[[Path], Pixels], Callable[[Any], Feed]]:
    """How to read an image and to prepare it. Raises ``GraphMismatchError``."""
    wanted = manifest.preprocessing
    if wanted is None:
        raise GraphMismatchError(f"a {manifest.task} model has no preprocessing; add it to model.yaml")
    if len(graph.inputs) != 1:
        raise GraphMismatchError(
            f"the graph takes {len(graph.inputs)} inputs, and a {manifest.task} model takes one image; "
            "export it with one input"
        )
    taken = graph.inputs[0]
    dtype = NUMPY_TYPES.get(taken.type)
    if dtype is None:
        raise GraphMismatchError(f"the graph's input is {taken}, which no image becomes; export it as float")
    given = _shape(wanted)
    if taken.shape and (
        len(taken.shape) != len(given)
        or any(size is not None and size != other for size, other in zip(taken.shape, given, strict=True))
    ):
        raise GraphMismatchError(
            f"the graph's input is {taken}, and model.yaml's preprocessing gives {list(given)} ({wanted.layout}, "
            f"{wanted.colour}); correct size, colour or layout"
        )
    prepare = preprocessor(wanted, dtype)
    return (lambda path: read_image(path, wanted)), (lambda pixels: {taken.name: prepare(pixels)})


def _shape(wanted: Preprocessing) -> tuple[int, ...]:
    height, width = wanted.size
    channels = 1 if wanted.colour == "gray" else 3
    return (1, channels, height, width) if wanted.layout == "nchw" else (1, height, width, channels)
