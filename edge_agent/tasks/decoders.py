"""Make boxes of a detector's raw output: one function for each family of detectors, and a line in ``DECODERS``."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import InferenceError

_TEXT: Final = 0.3
"""A pixel above it is in a text's core. This value and the two below are those of PaddleOCR's configurations."""
_GROWTH: Final = 1.6
_LEAST_SIDE: Final = 3


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a detector finds: n boxes, their scores (n), and the indices of their labels (n).

    A box is left, top, right, bottom in the input's pixels (n × 4).
    """

    boxes: NDArray[Any]
    scores: NDArray[Any]
    classes: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Decoder:
    """``decode`` takes the output as the graph gives it for one image, and the number of labels.

    ``overlapping``: whether several boxes of one object are still to be reduced to one (NMS).
    """

    decode: Callable[[NDArray[Any], int], Candidates]
    overlapping: bool


def yolov8(output: NDArray[Any], labels: int) -> Candidates:
    """Ultralytics' YOLOv8 and YOLO11: 1 × (4 + labels) × n; a column is centre x, centre y, width, height, scores."""
    rows = _of_one_image(output).T
    if rows.shape[1] != 4 + labels:
        raise InferenceError(
            f"the output has {rows.shape[1]} rows, and yolov8 has 4 and one for each of {labels} labels",
            "correct the labels, or the decoder",
        )
    scores = rows[:, 4:]
    classes = scores.argmax(axis=1)
    centres, halves = rows[:, :2], rows[:, 2:4] / 2
    boxes = np.concatenate([centres - halves, centres + halves], axis=1)
    return Candidates(boxes, scores[np.arange(len(scores)), classes], classes)


def end_to_end(output: NDArray[Any], labels: int) -> Candidates:  # noqa: ARG001  the form of every decoder
    """YOLOv10, YOLO26 and any export with NMS inside: 1 × n × 6; a row is left, top, right, bottom, score, class."""
    rows = _of_one_image(output)
    if rows.shape[1] != 6:
        raise InferenceError(
            f"the output has rows of {rows.shape[1]} numbers, and end_to_end has 6", "use another decoder"
        )
    return Candidates(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64))


def db(output: NDArray[Any], labels: int) -> Candidates:  # noqa: ARG001  the form of every decoder
    """PaddleOCR's text detectors (differentiable binarization): 1 × 1 × height × width, how likely each pixel is in a
    text's core. Upright boxes, all of the first label, grown by what the core was shrunk by in training (area times
    ``unclip_ratio`` by circumference, as PaddleOCR's `DBPostProcess` does with polygons)."""
    likely = _of_one_image(output[:, 0] if output.ndim == 4 and output.shape[1] == 1 else output)
    # With a NaN among the pixels, minimum and maximum are NaN.
    if likely.size and not (np.isfinite(likely.min()) and np.isfinite(likely.max())):
        raise InferenceError("the map of the text has pixels that are no numbers (NaN or infinite)")
    # Contours give the same boxes as connectedComponentsWithStats in a seventh of the time.
    contours, _ = cv2.findContours((likely > _TEXT).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    regions = [each for each in map(cv2.boundingRect, contours) if min(each[2:]) >= _LEAST_SIDE]
    left, top, width, height = np.array(regions, dtype=np.float32).reshape(-1, 4).T
    growth = width * height * _GROWTH / (2 * (width + height))
    boxes = np.stack([left - growth, top - growth, left + width + growth, top + height + growth], axis=1)
    scores = [float(likely[y : y + h, x : x + w].mean()) for x, y, w, h in regions]
    return Candidates(boxes, np.array(scores, dtype=np.float32), np.zeros(len(boxes), dtype=np.int64))


DECODERS: Final = MappingProxyType(
    {
        "yolov8": Decoder(yolov8, overlapping=True),
        "end_to_end": Decoder(end_to_end, overlapping=False),
        "db": Decoder(db, overlapping=False),
    }
)
"""The decoders by their name in ``postprocessing.decoder``. A new one is a line here."""


def _of_one_image(output: NDArray[Any]) -> NDArray[Any]:
    """Return the output without the batch's dimension: rows × columns. Raises ``InferenceError``."""
    if output.ndim == 3 and output.shape[0] == 1:
        output = output[0]
    if output.ndim != 2:
        raise InferenceError(f"the output has the shape {list(output.shape)}, and a detector gives 1 × rows × columns")
    return np.asarray(output, dtype=np.float32)
