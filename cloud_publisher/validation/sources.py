"""Reads the documents of a repository and checks them together, for `validate` and for `build`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from cloud_publisher.documents import with_remedies
from shared_schema.config import Component, Config
from shared_schema.deployment import FILE as TEMPLATE_FILE
from shared_schema.deployment import DeploymentTemplate
from shared_schema.diagnostics import Diagnostic, DocumentPath, Place, Severity, in_order
from shared_schema.documents import Document, read_document
from shared_schema.errors import DocumentError
from shared_schema.model_manifest import MANIFEST_FILE, ModelManifest
from shared_schema.release import desired_component_name

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Sources:
    """The documents of one repository. ``folder`` is the config's; roots are relative to it."""

    config: Document[Config]
    folder: Path
    template: Document[DeploymentTemplate] | None
    manifests: dict[str, Document[ModelManifest]]
    """The manifests by component key, of the model components that have one."""
    unreadable_manifests: frozenset[str] = frozenset()
    """The keys of the model components whose manifest exists and is invalid."""

    @property
    def components(self) -> dict[str, Component]:
        """The config's components by key."""
        return self.config.value.custom_components

    @property
    def hot_reloaded(self) -> frozenset[str]:
        """The keys of the model components that have a manifest, valid or not."""
        return frozenset(self.manifests) | self.unreadable_manifests

    def root(self, component: Component) -> Path:
        """Return the component's folder."""
        return self.folder / component.root

    def key_of(self, name: str) -> str | None:
        """Return the key of the component with this name."""
        return next((key for key, each in self.components.items() if each.component_name == name), None)

    def names(self) -> list[str]:
        """The names of all components of the release, with ``<agent>.desired``."""
        return [
            name
            for component in self.components.values()
            for name in (
                component.component_name,
                *([desired_component_name(component.component_name)] if component.agent else []),
            )
        ]

    def diagnostic(self, path: DocumentPath, problem: str, remedy: str) -> Diagnostic:
        """Return an error at a place of the config below ``custom-components``."""
        return self.config.diagnostic(("custom-components", *path), problem, remedy)

    def note(self, path: DocumentPath, text: str, remedy: str = "") -> Diagnostic:
        """Return a note at a place of the config below ``custom-components``."""
        return replace(self.diagnostic(path, text, remedy), severity=Severity.NOTE)


Check = Callable[[Sources], Iterator[Diagnostic]]


@dataclass(frozen=True, slots=True)
class Checked:
    """The sources if they could be read, and every diagnostic, in the order of the files' lines."""

    sources: Sources | None
    diagnostics: list[Diagnostic]

    @property
    def errors(self) -> list[Diagnostic]:
        """The diagnostics that make the repository invalid."""
        return [each for each in self.diagnostics if each.is_error]


def read_sources(config_file: Path, template_file: Path | None, checks: list[Check]) -> Checked:
    """Read the config, the deployment template and the manifests, and run the checks over them all.

    Without ``template_file``, ``deployment.json`` beside the config is read, which may be absent.
    """
    found: list[Diagnostic] = []
    config = _read(config_file, Config, found)
    found = with_remedies(config_file, found)
    template = _template(config_file.parent, template_file, found)
    if config is None:
        return Checked(None, in_order(found))
    folder = config_file.parent
    manifests: dict[str, Document[ModelManifest]] = {}
    unreadable: set[str] = set()
    for key, component in config.value.custom_components.items():
        path = folder / component.root / MANIFEST_FILE
        if component.model is None or not path.is_file():
            continue
        manifest = _read(path, ModelManifest, found)
        if manifest is None:
            unreadable.add(key)
        else:
            manifests[key] = manifest
    sources = Sources(config, folder, template, manifests, frozenset(unreadable))
    for check in checks:
        found.extend(check(sources))
    return Checked(sources, in_order(found))


def _template(folder: Path, given: Path | None, found: list[Diagnostic]) -> Document[DeploymentTemplate] | None:
    path = given or folder / TEMPLATE_FILE
    if given is None and not path.exists():
        absent = "there is none: devices get the release's components with the API's defaults"
        found.append(Diagnostic(Place(shown(path)), absent, severity=Severity.NOTE))
        return None
    return _read(path, DeploymentTemplate, found)


def _read(path: Path, model: type[Model], found: list[Diagnostic]) -> Document[Model] | None:
    try:
        return read_document(path, model, shown_as=shown(path))
    except DocumentError as error:
        found.extend(error.diagnostics)
        return None


def shown(path: Path) -> str:
    """Return a path without a leading ``./``."""
    return path.as_posix()
