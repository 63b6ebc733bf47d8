"""Checks names that must differ, and names of buckets."""

from collections.abc import Iterator

from pydantic import TypeAdapter, ValidationError

from cloud_publisher.recipes.placeholders import left_over
from cloud_publisher.validation.sources import Sources
from shared_schema.diagnostics import Diagnostic
from shared_schema.names import BucketName
from shared_schema.release import desired_component_name

_BUCKET: TypeAdapter[str] = TypeAdapter(BucketName)


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
