"""Reads labels and scores from the ``output`` of any task: for golden samples, thresholds and hard samples. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any


def labelled(output: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return the labels and scores of a prediction: the image's, its best box's, or each row's."""
    if "detections" in output:
        found: Sequence[Mapping[str, Any]] = output["detections"][:1]
    else:
        found = output.get("rows", [output])
    return [(str(each["label"]), float(each["score"])) for each in found if "label" in each]


def labels_said(output: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the labels of a prediction, to tell whether it differs from the last one."""
    if "detections" in output:
        return tuple(sorted(str(each["label"]) for each in output["detections"]))
    return tuple(label for label, _ in labelled(output))


def least_score(output: Mapping[str, Any]) -> float | None:
    """Return the lowest score among a prediction's labels; ``None`` if it has none."""
    found = output.get("detections") or output.get("rows") or [output]
    scores = [float(each["score"]) for each in found if "score" in each]
    return min(scores, default=None)


def best_score(output: Mapping[str, Any]) -> float | None:
    """Return the highest score among a prediction's labels; ``None`` if it has none."""
    return max((score for _, score in labelled(output)), default=None)


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the intersection over union of two boxes (left, top, right, bottom)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared
    return shared / both if both > 0 else 0.0
