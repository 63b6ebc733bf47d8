"""Classification: an image in, the best labels with their scores out."""

from edge_agent.inference.graph import Graph
from edge_agent.tasks.image_input import image_input
from edge_agent.tasks.scores import ranking, scores_output
from edge_agent.tasks.task import BoundTask, stackable
from shared_schema.model_manifest import ModelManifest


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
