"""``gdk-config.json`` of AWS's Greengrass Development Kit: what its build fills into a recipe, and faults of its own.

Source: AWS's GDK CLI configuration file reference.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from cloud_publisher.linting.rules import RULES
from shared_schema.diagnostics import Diagnostic, DocumentPath, Place
from shared_schema.documents.positions import Positions, load_with_positions
from shared_schema.documents.reading import did_you_mean, place_at
from shared_schema.json_value import JsonObject, JsonValue, with_texts
from shared_schema.names import is_version

PROJECT_FILE = "gdk-config.json"
NEXT_PATCH = "NEXT_PATCH"
GDK_BUCKET = "bucket-of-the-gdk"
"""Placeholder for the bucket, whose name GDK's publish makes."""
_STANDS_FOR_NEXT = "1.0.0"
_UNKNOWN = "unknown"
_BUILD_SYSTEMS = ("zip", "maven", "gradle", "gradlew", "custom")
_TOP, _COMPONENT = ("component", "gdk_version", "test-e2e"), ("author", "version", "build", "publish")
_REQUIRED = ("author", "version", "build", "publish")


@dataclass(frozen=True, slots=True)
class Project:
    """What a build of the project would fill in, as far as the project can be read."""

    name: str | None = None
    version: str = _STANDS_FOR_NEXT
    author: str = _UNKNOWN
    findings: list[Diagnostic] = field(default_factory=list)


def read_project(path: Path) -> Project:
    """Read the project of a ``gdk-config.json``; its faults are in ``findings``."""
    file = str(path)
    try:
        raw, where = load_with_positions(path.read_text(encoding="utf-8-sig"))
        json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        return Project(findings=[_finding(file, None, (), f"cannot be read ({error.strerror})", "make it readable")])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())
        return Project(findings=[_finding(file, None, (), f"is no valid JSON: {problem}", "correct the syntax")])
    if not isinstance(raw, dict) or not isinstance(raw.get("component"), dict) or len(raw["component"]) != 1:
        problem = "does not have exactly one component"
        return Project(findings=[_finding(file, where, ("component",), problem, 'write "component": {"NAME": {…}}')])
    name, component = next(iter(raw["component"].items()))
    findings = [_finding(file, where, path, problem, remedy) for path, problem, remedy in _faults(raw, name, component)]
    if not isinstance(component, dict):
        return Project(name=name, findings=findings)
    version = component.get("version")
    return Project(
        name=name,
        version=version if isinstance(version, str) and is_version(version) else _STANDS_FOR_NEXT,
        author=str(component.get("author", "")),
        findings=findings,
    )


def filled(value: JsonValue, project: Project | None) -> JsonValue:
    """Return a recipe's value with the project's placeholders filled in; unchanged without a project."""
    if project is None:
        return value
    name = project.name or _UNKNOWN
    given = {"{COMPONENT_NAME}": name, "{COMPONENT_VERSION}": project.version, "{COMPONENT_AUTHOR}": project.author}

    def filled_text(text: str) -> str:
        for placeholder, meant in given.items():
            text = text.replace(placeholder, meant)
        if text.startswith("s3://"):
            # GDK's publish writes a new URI for each artifact that the build made.
            start = "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/"
            text = text.replace(start, f"s3://{GDK_BUCKET}/{name}/{project.version}/")
        return text

    return with_texts(value, filled_text)


def _faults(raw: JsonObject, name: str, component: JsonValue) -> Iterator[tuple[DocumentPath, str, str]]:
    here: DocumentPath = ("component", name)
    for key in raw:
        if key not in _TOP:
            yield (key,), f"there is no key {key!r} here", did_you_mean(str(key), list(_TOP))
    if "gdk_version" not in raw:
        yield (), "the key 'gdk_version' is missing", 'add "gdk_version": "1.0.0"'
    if not isinstance(component, dict):
        yield here, "the component is no mapping", "write author, version, build and publish"
        return
    for key in component:
        if key not in _COMPONENT:
            yield (*here, key), f"there is no key {key!r} here", did_you_mean(str(key), list(_COMPONENT))
    for key in _REQUIRED:
        if key not in component:
            yield (*here, key), f"the key {key!r} is missing", f"add {key!r} here"
    version = component.get("version")
    if version is not None and version != NEXT_PATCH and not (isinstance(version, str) and is_version(version)):
        yield (*here, "version"), f"{version!r} is no version", f"write major.minor.patch, or {NEXT_PATCH}"
    yield from _build_faults((*here, "build"), component.get("build"))
    publish = component.get("publish")
    if isinstance(publish, dict):
        for key in ("bucket", "region"):
            if not publish.get(key):
                yield (*here, "publish", key), f"the key {key!r} is missing", f"add {key!r} here"


def _build_faults(here: DocumentPath, build: JsonValue) -> Iterator[tuple[DocumentPath, str, str]]:
    if build is None:
        return
    if not isinstance(build, dict):
        yield here, "build is no mapping", 'write {"build_system": "zip"}'
        return
    system, command = build.get("build_system"), build.get("custom_build_command")
    if system is None:
        yield (*here, "build_system"), "the key 'build_system' is missing", "add 'build_system' here"
    elif system not in _BUILD_SYSTEMS:
        path = (*here, "build_system")
        yield path, f"there is no build system {system!r}", did_you_mean(str(system), list(_BUILD_SYSTEMS))
    if system == "custom" and not command:
        yield here, "build_system is custom and there is no custom_build_command", "add custom_build_command"


def _finding(file: str, positions: Positions | None, path: DocumentPath, problem: str, remedy: str) -> Diagnostic:
    place = place_at(file, positions.of(path), path) if positions is not None and path else Place(file)
    return RULES["GG901"].diagnostic(place, problem, remedy)
