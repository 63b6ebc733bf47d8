"""Classification: an image in, the best labels with their scores out. `tabular` ranks its rows in the same way."""

import math
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from edge_agent.errors import GraphMismatchError, InferenceError
from edge_agent.tasks.graph import STRINGS, Graph, Tensor
from edge_agent.tasks.image_input import image_input
from edge_agent.tasks.output import Output, Ranked
from edge_agent.tasks.task import BoundTask, stackable
from shared_schema.model_manifest import ModelManifest

Rank = Callable[[NDArray[Any]], Output]


def classification(manifest: ModelManifest, graph: Graph) -> BoundTask:
    """Return the task. Its ``output`` is ``{"label", "score"}``, with ``"top"``, a list of the same, if ``top`` > 1."""
    image = image_input(manifest, graph)
    scores = scores_output(manifest, graph).name
    rank = ranking(manifest, scores)
    return BoundTask(
        decode=image.decode,
        prepare=image.prepare,
        interpret=lambda outputs, _: rank(outputs[scores]),
        look=image.look,
        stackable=stackable(graph),
    )


def scores_output(manifest: ModelManifest, graph: Graph) -> Tensor:
    """Return the output that holds the scores. Raises ``GraphMismatchError``."""
    found = graph.output(manifest.postprocessing.output)
    if found is None:
        raise GraphMismatchError(
            f"the graph has no output {manifest.postprocessing.output!r}",
            f"set postprocessing.output to one of {', '.join(output.name for output in graph.outputs)}",
        )
    if not found.type.startswith("tensor("):
        raise GraphMismatchError(
            f"the output {found.name} is a {found.type}",
            "export it as a tensor: a map of scores by skl2onnx with options={'zipmap': False}",
        )
    if found.type == STRINGS:
        raise GraphMismatchError(
            f"the output {found.name} holds texts, not scores", "set postprocessing.output to that of the scores"
        )
    classes = found.shape[-1] if found.shape else None
    if classes is not None and classes != len(manifest.labels):
        raise GraphMismatchError(
            f"the output {found} has {classes} scores for {len(manifest.labels)} labels",
            "correct the labels of model.yaml",
        )
    return found


def ranking(manifest: ModelManifest, name: str) -> Rank:
    """Return a function that makes ``{"label", "score"}`` of a row of scores.

    If ``top`` is more than 1, ``"top"`` is a list of the same. The function raises ``InferenceError``.
    """
    labels, logits = manifest.labels, manifest.postprocessing.scores == "logits"
    top = min(manifest.postprocessing.top, len(labels))

    def rank(row: NDArray[Any]) -> Output:
        # Plain numbers: for so few scores, numpy's calls cost more than the arithmetic.
        scores: list[float] = row.reshape(-1).tolist()
        if len(scores) != len(labels):
            raise InferenceError(f"{name} has {len(scores)} scores for {len(labels)} labels")
        # A finite sum shows that all are finite. An infinite sum may come of large finite numbers.
        if not math.isfinite(sum(scores)) and not all(map(math.isfinite, scores)):
            raise InferenceError(f"{name} has scores that are no numbers (NaN or infinite)")
        if logits:
            highest = max(scores)
            raised = [math.exp(score - highest) for score in scores]
            total = sum(raised)
            scores = [each / total for each in raised]
        if top == 1:
            highest = max(scores)
            return {"label": labels[scores.index(highest)], "score": round(float(highest), 6)}
        best = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)[:top]
        ranked: list[Ranked] = [{"label": labels[index], "score": round(float(scores[index]), 6)} for index in best]
        return {"label": ranked[0]["label"], "score": ranked[0]["score"], "top": ranked}

    return rank
