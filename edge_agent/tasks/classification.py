"""Classification: an image in, the best labels with their scores out."""

from typing import Any

import numpy as np

from edge_agent.errors import InferenceError
from edge_agent.inference.graph import Graph
from edge_agent.tasks.image_input import image_input
from edge_agent.tasks.task import BoundTask, GraphMismatchError, Outputs, finite
from shared_schema.model_manifest import ModelManifest


def classification(manifest: ModelManifest, graph: Graph) -> BoundTask:
    """``output`` is ``{"label", "score"}``, and ``"top"`` as a list of the same where more than one is asked for."""
    read, prepare = image_input(manifest, graph)
    wanted = manifest.postprocessing
    scores_output = graph.output(wanted.output)
    if scores_output is None:
        raise GraphMismatchError(
            f"the graph has no output {wanted.output!r}; set postprocessing.output to one of "
            f"{', '.join(output.name for output in graph.outputs)}"
        )
    if not scores_output.type.startswith("tensor("):
        raise GraphMismatchError(f"the output {scores_output.name} is a {scores_output.type}; export it as a tensor")
    labels = manifest.labels
    classes = scores_output.shape[-1] if scores_output.shape else None
    if classes is not None and classes != len(labels):
        raise GraphMismatchError(
            f"the output {scores_output} has {classes} scores for {len(labels)} labels; "
            "correct the labels of model.yaml"
        )
    top = min(wanted.top, len(labels))

    def interpret(outputs: Outputs) -> dict[str, Any]:
        scores = np.asarray(outputs[scores_output.name], dtype=np.float64).reshape(-1)
        if scores.size != len(labels):
            raise InferenceError(f"{scores_output.name} has {scores.size} scores for {len(labels)} labels")
        if not finite(scores):
            raise InferenceError(f"{scores_output.name} has scores that are no numbers (NaN or infinite)")
        if wanted.scores == "logits":
            raised = np.exp(scores - scores.max())
            scores = raised / raised.sum()
        best = np.argsort(-scores, kind="stable")[:top]
        ranked = [{"label": labels[index], "score": round(float(scores[index]), 6)} for index in best]
        return {**ranked[0], "top": ranked} if top > 1 else ranked[0]

    return BoundTask(read, prepare, interpret)
