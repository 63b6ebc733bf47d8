"""The ``output`` of a prediction, whatever its task, and what golden samples, thresholds and sinks read from it."""

from collections.abc import Sequence
from typing import TypedDict

from shared_schema.json_value import JsonValue


class Ranked(TypedDict):
    """A label and its score, from 0 to 1."""

    label: str
    score: float


class Detection(Ranked):
    """A labelled box: left, top, right, bottom in the image's own pixels."""

    box: list[float]


class Row(TypedDict, total=False):
    """One row's answer: label and score if the manifest has labels, else the outputs' values by name."""

    label: str
    score: float
    top: list[Ranked]
    values: dict[str, JsonValue]


class Output(Row, total=False):
    """What a model says of one frame. Which keys are there depends on its task (docs/agent.md).

    `classification` gives ``label`` and ``score``, and ``top`` if the manifest asks for several. `detection` gives
    ``detections``, the best first; `tabular` ``rows``; `raw` ``outputs``, nested lists by the output's name.
    """

    detections: list[Detection]
    rows: list[Row]
    outputs: dict[str, JsonValue]


def labelled(output: Output) -> list[tuple[str, float]]:
    """Return the labels and scores of a prediction: the image's, its best box's, or each row's."""
    if "detections" in output:
        return [(each["label"], each["score"]) for each in output["detections"][:1]]
    if "rows" in output:
        return [(each["label"], each["score"]) for each in output["rows"] if "label" in each]
    return [(output["label"], output["score"])] if "label" in output else []


def labels_said(output: Output) -> tuple[str, ...]:
    """Return the labels of a prediction, to tell whether it differs from the last one."""
    if "detections" in output:
        return tuple(sorted(each["label"] for each in output["detections"]))
    return tuple(label for label, _ in labelled(output))


def least_score(output: Output) -> float | None:
    """Return the lowest score among a prediction's labels; ``None`` if it has none."""
    if output.get("detections"):
        return min(each["score"] for each in output["detections"])
    return min((score for _, score in labelled(output)), default=None)


def best_score(output: Output) -> float | None:
    """Return the highest score among a prediction's labels; ``None`` if it has none."""
    return max((score for _, score in labelled(output)), default=None)


def halved(output: Output) -> Output | None:
    """Return the output with half of each list, whose best entries come first; ``None`` if no list has an entry."""
    shorter = output.copy()
    if detections := output.get("detections"):
        shorter["detections"] = detections[: len(detections) // 2]
    if rows := output.get("rows"):
        shorter["rows"] = rows[: len(rows) // 2]
    if top := output.get("top"):
        shorter["top"] = top[: len(top) // 2]
    return shorter if shorter != output else None


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the intersection over union of two boxes (left, top, right, bottom)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared
    return shared / both if both > 0 else 0.0
