"""Reads ``dist/release.json`` and ``dist/deployment.json``: all that the stages after `build` know of a release."""

from collections.abc import Iterator
from pathlib import Path

from cloud_publisher.documents import read_valid
from cloud_publisher.errors import InvalidDocumentError
from cloud_publisher.release_source import Source
from shared_schema import deployment, release
from shared_schema.deployment import DeploymentTemplate
from shared_schema.diagnostics import Diagnostic, Place, in_order
from shared_schema.documents import Document, read_text_document
from shared_schema.json_value import JsonObject
from shared_schema.release import Release, desired_component_name

_BUILD_AGAIN = "run cloud-publisher build, which writes it"
_BUILD_AGAIN_FROM_IT = f"{_BUILD_AGAIN}, or name the file that it was built with by --deployment"


def read_release(dist: Path, source: Source | None = None) -> Release:
    """Read the release in ``dist``. Raises ``InvalidDocumentError``, also where it contradicts its source.

    The remedy is to run the build.
    """
    path = dist / release.FILE
    if not path.exists():
        remedy = f"{_BUILD_AGAIN}, or give its folder with --dist"
        raise InvalidDocumentError([Diagnostic(Place(str(path)), "there is no such file", remedy)])
    document = read_valid(path, Release)
    found = [*_across_values(document), *(source.contradicted_by(document) if source else ())]
    if found:
        raise InvalidDocumentError(in_order(found))
    return document.value


def read_template(dist: Path, source: Source, given: Path | None = None) -> Document[DeploymentTemplate]:
    """Read the deployment template in ``dist``; an empty one if there is none. It must say what the source's says.

    ``given`` is the source's template, if it is not the one beside the config. Raises ``InvalidDocumentError``.
    """
    path = dist / deployment.FILE
    absent = not path.exists()
    released = (
        read_text_document("{}", DeploymentTemplate, file=str(path)) if absent else read_valid(path, DeploymentTemplate)
    )
    written = source.template(given)
    if written is not None:
        ours, theirs = _as_written(written), _as_written(released)
        differing = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
        if differing:
            words = f"says other things than {written.file} of this source: {', '.join(differing)}"
            raise InvalidDocumentError([Diagnostic(Place(str(path)), words, _BUILD_AGAIN_FROM_IT)])
    return released


def _as_written(document: Document[DeploymentTemplate]) -> JsonObject:
    return document.value.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _across_values(document: Document[Release]) -> Iterator[Diagnostic]:
    """Yield the faults across values: an agent without its ``<agent>.desired``, a model without its digest."""
    found = document.value
    names = {component.name for component in found.components}
    for index, component in enumerate(found.components):
        here = ("components", index)
        if component.kind == "model" and component.model is None:
            yield document.diagnostic(here, f"{component.name} is a model and has no model digest", _BUILD_AGAIN)
        if component.kind == "agent" and desired_component_name(component.name) not in names:
            missing = desired_component_name(component.name)
            yield document.diagnostic(here, f"{component.name} is the agent, and {missing} is not there", _BUILD_AGAIN)
    if len(found.of_kind("agent")) > 1:
        yield document.diagnostic(("components",), "there is more than one agent; a device runs one", _BUILD_AGAIN)
