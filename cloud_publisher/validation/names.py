"""Checks names that must differ, names of buckets, and placeholders that nothing would replace by a name."""

from collections.abc import Iterator

from pydantic import TypeAdapter, ValidationError

from cloud_publisher.linting.recipe_text import Node
from cloud_publisher.recipes.placeholders import Fills, left_over
from cloud_publisher.validation.sources import Sources
from shared_schema.diagnostics import Diagnostic, DocumentPath
from shared_schema.names import BucketName
from shared_schema.release import desired_component_name

_BUCKET: TypeAdapter[str] = TypeAdapter(BucketName)
_URI_KEYS = {"Uri", "URI"}
_RECIPE_KEYS = {"Artifacts", "Lifecycle", "Manifests", "ComponentConfiguration"}
"""The parts of a component that become its recipe."""


def check_names(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults: two components with one name, a bucket name that S3 does not take."""
    seen: dict[str, str] = {}
    for key, component in sources.components.items():
        name = component.component_name
        path = (key, "component-name")
        if name in seen:
            yield sources.diagnostic(
                path, f"{name!r} is also the name of {seen[name]!r}", "give each component its own name"
            )
        seen.setdefault(name, key)
    for key, component in sources.components.items():
        desired = desired_component_name(component.component_name)
        if component.agent and desired in seen:
            yield sources.diagnostic(
                (seen[desired], "component-name"),
                f"{desired!r} is the name of the component that carries the desired state of {key!r}",
                "give this component another name",
            )
        if component.bucket is not None and not list(left_over(component.bucket, "nothing")):
            yield from _bucket(sources, key, component.bucket, is_model=component.model is not None)


def _bucket(sources: Sources, key: str, bucket: str, *, is_model: bool) -> Iterator[Diagnostic]:
    path = (key, "bucket")
    try:
        _BUCKET.validate_python(bucket)
    except ValidationError as error:
        text = str(error.errors(include_url=False)[0].get("ctx", {}).get("error", "is no bucket name"))
        problem, _, remedy = text.partition("; ")
        yield sources.diagnostic(path, problem, remedy)
        return
    if not is_model:
        yield sources.note(
            path, "bucket is where a model comes from, and this component has no model: it is built from its root"
        )


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
