"""From a row of scores to ranked labels: what `classification` and `tabular` share."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import InferenceError
from edge_agent.inference.graph import Graph, Tensor
from edge_agent.tasks.task import GraphMismatchError, finite
from shared_schema.model_manifest import ModelManifest

Rank = Callable[[NDArray[Any]], dict[str, Any]]


def scores_output(manifest: ModelManifest, graph: Graph) -> Tensor:
    """The output that holds the scores. Raises ``GraphMismatchError``."""
    found = graph.output(manifest.postprocessing.output)
    if found is None:
        raise GraphMismatchError(
            f"the graph has no output {manifest.postprocessing.output!r}; set postprocessing.output to one of "
            f"{', '.join(output.name for output in graph.outputs)}"
        )
    if not found.type.startswith("tensor("):
        raise GraphMismatchError(f"the output {found.name} is a {found.type}; export it as a tensor")
    classes = found.shape[-1] if found.shape else None
    if classes is not None and classes != len(manifest.labels):
        raise GraphMismatchError(
            f"the output {found} has {classes} scores for {len(manifest.labels)} labels; "
            "correct the labels of model.yaml"
        )
    return found


def ranking(manifest: ModelManifest, name: str) -> Rank:
    """``{"label", "score"}`` of a row of scores, and ``"top"`` as a list of the same where more than one is asked for.
    Raises ``InferenceError``."""
    labels, logits = manifest.labels, manifest.postprocessing.scores == "logits"
    top = min(manifest.postprocessing.top, len(labels))

    def rank(row: NDArray[Any]) -> dict[str, Any]:
        scores = np.asarray(row, dtype=np.float64).reshape(-1)
        if scores.size != len(labels):
            raise InferenceError(f"{name} has {scores.size} scores for {len(labels)} labels")
        if not finite(scores):
            raise InferenceError(f"{name} has scores that are no numbers (NaN or infinite)")
        if logits:
            raised = np.exp(scores - scores.max())
            scores = raised / raised.sum()
        best = np.argsort(-scores, kind="stable")[:top]
        ranked = [{"label": labels[index], "score": round(float(scores[index]), 6)} for index in best]
        return {**ranked[0], "top": ranked} if top > 1 else ranked[0]

    return rank
