"""Reads ``dist/release.json`` and ``dist/deployment.json``: all that the stages after `build` know of a release."""

from collections.abc import Iterator
from pathlib import Path

from cloud_publisher.documents import read_valid
from cloud_publisher.errors import InvalidDocumentError
from shared_schema import deployment, release
from shared_schema.deployment import DeploymentTemplate
from shared_schema.diagnostics import Diagnostic, Place
from shared_schema.documents import Document, read_text_document
from shared_schema.release import Release, desired_component_name

_BUILD_AGAIN = "run cloud-publisher build, which writes it"


def read_release(dist: Path) -> Release:
    """Read the release in ``dist``. Raises ``InvalidDocumentError``; its remedy is to run the build."""
    path = dist / release.FILE
    if not path.exists():
        remedy = f"{_BUILD_AGAIN}, or give its folder with --dist"
        raise InvalidDocumentError([Diagnostic(Place(str(path)), "there is no such file", remedy)])
    document = read_valid(path, Release)
    found = list(_across_values(document))
    if found:
        raise InvalidDocumentError(found)
    return document.value


def read_template(dist: Path) -> Document[DeploymentTemplate]:
    """Read the deployment template in ``dist``; an empty one if there is none. Raises ``InvalidDocumentError``."""
    path = dist / deployment.FILE
    if not path.exists():
        return read_text_document("{}", DeploymentTemplate, file=str(path))
    return read_valid(path, DeploymentTemplate)


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
