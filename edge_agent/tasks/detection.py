"""Detection: an image in, labelled boxes in that image's own pixels out."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import GraphMismatchError, InferenceError
from edge_agent.tasks.decoders import DECODERS, Candidates
from edge_agent.tasks.graph import Graph
from edge_agent.tasks.image_input import image_input
from edge_agent.tasks.images import Pixels
from edge_agent.tasks.output import Output
from edge_agent.tasks.preparing import Placement
from edge_agent.tasks.task import BoundTask, Outputs, finite, stackable
from shared_schema.model_manifest import ModelManifest


def detection(manifest: ModelManifest, graph: Graph) -> BoundTask:
    """``output`` is ``{"detections": [{"label", "score", "box": [left, top, right, bottom]}, …]}``, the best first."""
    image = image_input(manifest, graph)
    wanted, labels = manifest.postprocessing, manifest.labels
    decoder = DECODERS.get(wanted.decoder or "")
    if decoder is None:
        raise GraphMismatchError(
            f"this agent has no decoder {wanted.decoder!r}",
            f"set postprocessing.decoder to one of {', '.join(DECODERS)}, or deploy an agent that has it",
        )
    taken = graph.output(wanted.output)
    if taken is None or not taken.type.startswith(("tensor(f", "tensor(d")):
        raise GraphMismatchError(
            f"the graph has no output of floats {wanted.output or ''!r}",
            f"set postprocessing.output to one of {', '.join(str(output) for output in graph.outputs)}",
        )

    def interpret(outputs: Outputs, pixels: Pixels) -> Output:
        found = decoder.decode(outputs[taken.name], len(labels))
        if not (finite(found.boxes) and finite(found.scores)):
            raise InferenceError(f"{taken.name} has boxes or scores that are no numbers (NaN or infinite)")
        found = _chosen(found, wanted.confidence, wanted.overlap if decoder.overlapping else None, wanted.most)
        if len(found.classes) and not 0 <= found.classes.min() <= found.classes.max() < len(labels):
            raise InferenceError(f"{taken.name} names a class beyond the {len(labels)} labels", "correct the labels")
        boxes = _within(Placement(pixels, image.preprocessing).to_image(found.boxes), pixels)
        return {
            "detections": [
                {
                    "label": labels[int(index)],
                    "score": round(float(score), 6),
                    "box": [round(float(each), 1) for each in box],
                }
                for box, score, index in zip(boxes, found.scores, found.classes, strict=True)
            ]
        }

    return BoundTask(image.decode, image.prepare, interpret, look=image.look, stackable=stackable(graph))


def _chosen(found: Candidates, confidence: float, overlap: float | None, most: int) -> Candidates:
    """Return the best ``most`` candidates with a score of at least ``confidence``.

    With ``overlap`` (intersection over union), only the best stays of boxes of one class that overlap by more.
    """
    likely = np.flatnonzero(found.scores >= confidence)
    # More than are ever returned, and few enough that NMS is quick.
    order = likely[np.argsort(-found.scores[likely], kind="stable")][: max(most, 3000)]
    if overlap is not None and len(order):
        sized: Any = found.boxes[order].astype(np.float32)
        sized[:, 2:] -= sized[:, :2]
        scores: Any = found.scores[order].astype(np.float32)
        classes: Any = found.classes[order].astype(np.int32)
        kept = cv2.dnn.NMSBoxesBatched(sized, scores, classes, 0.0, overlap)
        order = order[np.sort(np.asarray(kept, dtype=np.int64).reshape(-1))]
    order = order[:most]
    return Candidates(found.boxes[order], found.scores[order], found.classes[order])


def _within(boxes: NDArray[Any], pixels: Pixels) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    inside: NDArray[Any] = np.clip(boxes, 0, np.array([width, height, width, height], dtype=np.float32))
    return inside
