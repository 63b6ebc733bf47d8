"""Checks for placeholders that will not be filled in, anywhere in the config or the deployment template."""

from collections.abc import Iterator

from cloud_publisher.linting.recipe_text import Node
from cloud_publisher.recipes.placeholders import Fills, left_over
from cloud_publisher.validation.sources import Sources
from shared_schema.diagnostics import Diagnostic, DocumentPath

_URI_KEYS = {"Uri", "URI"}
_RECIPE_KEYS = {"Artifacts", "Lifecycle", "Manifests", "ComponentConfiguration"}
"""The parts of a component that become its recipe."""


def check_placeholders(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults in each text of both documents."""
    for document in (sources.config, sources.template):
        if document is None:
            continue
        for node in Node(document.raw).texts():
            fills = _fills(node.path) if document is sources.config else "nothing"
            for found, remedy in left_over(str(node.value), fills):
                yield document.diagnostic(node.path, f"the placeholder {found} is left over", remedy)


def _fills(path: DocumentPath) -> Fills:
    if not any(step in _RECIPE_KEYS for step in path):
        return "nothing"
    return "both spellings" if path[-1] in _URI_KEYS else "marked"
