"""The tasks of this agent by their name in a manifest, and how a manifest's task is bound to its graph."""

from types import MappingProxyType
from typing import Final

from edge_agent.errors import GraphMismatchError, RefusedModelError
from edge_agent.tasks.classification import classification
from edge_agent.tasks.detection import detection
from edge_agent.tasks.graph import Graph
from edge_agent.tasks.raw import raw
from edge_agent.tasks.tabular import tabular
from edge_agent.tasks.task import BoundTask, Task
from shared_schema.messages import Reason
from shared_schema.model_manifest import ModelManifest

TASKS: Final = MappingProxyType[str, Task](
    {
        "classification": classification,
        "detection": detection,
        "tabular": tabular,
        "raw": raw,
    }
)
"""A new task is a line here."""


def bind_task(manifest: ModelManifest, graph: Graph) -> BoundTask:
    """Return the manifest's task, bound to the graph.

    Raises ``RefusedModelError``: reason ``manifest`` if this agent has no such task, ``graph`` if the two do not fit.
    """
    task = TASKS.get(manifest.task)
    if task is None:
        raise RefusedModelError(
            Reason.MANIFEST,
            f"model.yaml: this agent has no task {manifest.task!r}",
            f"use one of {', '.join(sorted(TASKS))}, or deploy an agent that has it",
        )
    try:
        return task(manifest, graph)
    except GraphMismatchError as error:
        raise RefusedModelError(Reason.GRAPH, error.problem, error.remedy) from None
