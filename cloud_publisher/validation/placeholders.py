"""Checks for placeholders that will not be filled in, anywhere in the config or the deployment template."""

from collections.abc import Iterator
from typing import Any

from cloud_publisher.recipes.placeholders import Fills, left_over
from cloud_publisher.validation.sources import Note, Sources
from shared_schema.documents import Fault
from shared_schema.documents.positions import Way

_URI_KEYS = {"Uri", "URI"}
_RECIPE_KEYS = {"Artifacts", "Lifecycle", "Manifests", "ComponentConfiguration"}
"""The parts of a component that become its recipe."""


def check_placeholders(sources: Sources) -> Iterator[Fault | Note]:
    """Yield the faults in each text of both documents."""
    for document in (sources.config, sources.template):
        if document is None:
            continue
        for way, text in _texts(document.raw, ()):
            fills = _fills(way) if document is sources.config else "nothing"
            for found, remedy in left_over(text, fills):
                yield document.fault(way, f"the placeholder {found} is left over", remedy)


def _fills(way: Way) -> Fills:
    if not any(step in _RECIPE_KEYS for step in way):
        return "nothing"
    return "both spellings" if way[-1] in _URI_KEYS else "marked"


def _texts(value: Any, way: Way) -> Iterator[tuple[Way, str]]:
    if isinstance(value, str):
        yield way, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*way, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*way, index))
