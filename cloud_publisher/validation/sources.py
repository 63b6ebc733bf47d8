"""Reads the documents of a repository and checks them together, for `validate` and for `build`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from cloud_publisher.config_file import with_remedies
from shared_schema.config import Component, Config
from shared_schema.deployment import FILE as TEMPLATE_FILE
from shared_schema.deployment import DeploymentTemplate
from shared_schema.documents import Document, DocumentError, Fault, read_document
from shared_schema.documents.positions import Way
from shared_schema.model_manifest import MANIFEST_FILE, ModelManifest
from shared_schema.release import desired_component_name

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Note:
    """Information that is no fault. ``place`` is a file with line and column."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


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

    def fault(self, way: Way, problem: str, remedy: str) -> Fault:
        """Return a fault at a place of the config below ``custom-components``."""
        return self.config.fault(("custom-components", *way), problem, remedy)

    def note(self, way: Way, text: str) -> Note:
        """Return a note at a place of the config below ``custom-components``."""
        place = self.config.positions.of(("custom-components", *way))
        return Note(f"{self.config.file}:{place.line}:{place.column}", text)


Check = Callable[[Sources], Iterator[Fault | Note]]


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of reading: the sources if they could be read, every fault, every note."""

    sources: Sources | None
    faults: list[Fault] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_sources(config_file: Path, template_file: Path | None, checks: list[Check]) -> Checked:
    """Read the config, the deployment template and the manifests, and run the checks over them all.

    Without ``template_file``, ``deployment.json`` beside the config is read, which may be absent.
    """
    faults: list[Fault] = []
    notes: list[Note] = []
    config = _read(config_file, Config, faults)
    faults = with_remedies(config_file, faults)
    template = _template(config_file.parent, template_file, faults, notes)
    if config is None:
        return Checked(None, sorted_faults(faults), notes)
    folder = config_file.parent
    manifests: dict[str, Document[ModelManifest]] = {}
    unreadable: set[str] = set()
    for key, component in config.value.custom_components.items():
        path = folder / component.root / MANIFEST_FILE
        if component.model is None or not path.is_file():
            continue
        manifest = _read(path, ModelManifest, faults)
        if manifest is None:
            unreadable.add(key)
        else:
            manifests[key] = manifest
    sources = Sources(config, folder, template, manifests, frozenset(unreadable))
    for check in checks:
        for found in check(sources):
            if isinstance(found, Fault):
                faults.append(found)
            else:
                notes.append(found)
    return Checked(sources, sorted_faults(faults), notes)


def sorted_faults(faults: list[Fault]) -> list[Fault]:
    """Return the faults in the order of the files' lines, each once."""
    return sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line, fault.column))


def _template(
    folder: Path, given: Path | None, faults: list[Fault], notes: list[Note]
) -> Document[DeploymentTemplate] | None:
    path = given or folder / TEMPLATE_FILE
    if given is None and not path.exists():
        notes.append(Note(shown(path), "there is none: devices get the release's components with the API's defaults"))
        return None
    return _read(path, DeploymentTemplate, faults)


def _read(path: Path, model: type[Model], faults: list[Fault]) -> Document[Model] | None:
    try:
        return read_document(path, model, shown_as=shown(path))
    except DocumentError as error:
        faults.extend(error.faults)
        return None


def shown(path: Path) -> str:
    """Return a path without a leading ``./``."""
    return path.as_posix()
