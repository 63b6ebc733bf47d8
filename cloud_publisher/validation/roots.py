"""Checks the folders and files that components are built from."""

import difflib
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from cloud_publisher.errors import InvalidDocumentError
from cloud_publisher.recipes.architectures import architectures_of
from cloud_publisher.validation.sources import Sources, shown
from shared_schema.config import Build, Component
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean

PROJECT_FILE = "pyproject.toml"


def check_roots(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults: a missing root, files that a ``python`` build names and that are missing, invalid globs."""
    for key, component in sources.components.items():
        root = sources.root(component)
        path = (key, "root")
        if not root.exists():
            yield sources.diagnostic(
                path, f"there is no folder {component.root!r}", _near(sources.folder, component.root)
            )
        elif not root.is_dir():
            yield sources.diagnostic(path, f"{component.root!r} is a file", "name the folder that holds the component")
        elif component.build.build_system == "python":
            yield from _python(sources, key, component, root)
        yield from _globs(sources, key, component)


def _near(folder: Path, wanted: str) -> str:
    """Return the folder that was probably meant, among those at the same place in the repository."""
    parent = (folder / wanted).parent
    if not parent.is_dir():
        return "create it, or name the right one"
    names = sorted(path.name for path in parent.iterdir() if path.is_dir() and not path.name.startswith("."))
    close = difflib.get_close_matches(Path(wanted).name, names, n=1, cutoff=0.5)
    return (
        f"did you mean {(Path(wanted).parent / close[0]).as_posix()!r}?"
        if close
        else "create it, or name the right one"
    )


def _python(sources: Sources, key: str, component: Component, root: Path) -> Iterator[Diagnostic]:
    build = component.build
    for index, package in enumerate(build.packages):
        if not (root / package).is_dir():
            packages = sorted(path.parent.name for path in root.glob("*/__init__.py"))
            yield sources.diagnostic(
                (key, "build", "packages", index),
                f"there is no package {package!r} in {shown(root)}",
                did_you_mean(package, packages),
            )
    if not build.wheels:
        return
    yield from _architectures(sources, key, component)
    path = (key, "build", "extra")
    project = root / PROJECT_FILE
    if build.extra is None:
        yield sources.diagnostic(
            (key, "build"), "wheels are wanted and no extra says which", "add extra:, or set wheels: false"
        )
    elif not project.is_file():
        yield sources.diagnostic(
            path, f"there is no {PROJECT_FILE} in {shown(root)}", f"add the one that has the extra {build.extra!r}"
        )
    elif (extras := _extras(project)) is None:
        yield sources.diagnostic(path, f"{shown(project)} is no valid TOML", "correct it; pip says where")
    elif build.extra not in extras:
        yield sources.diagnostic(
            path, f"{PROJECT_FILE} has no extra {build.extra!r}", did_you_mean(build.extra, list(extras))
        )
    else:
        yield from _lock(sources, key, root, build, extras[build.extra])


def _lock(sources: Sources, key: str, root: Path, build: Build, wanted: Sequence[str]) -> Iterator[Diagnostic]:
    """Yield what is wrong with the lock: it is absent, has a line without version or hash, or lacks a requirement."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - most configs have no locks
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    from cloud_publisher.build.requirement_lock import LOCK_COMMAND, read_lock  # noqa: PLC0415

    path = (key, "build", "requirements")
    write_it = f"write it: {LOCK_COMMAND} --extra {build.extra} {PROJECT_FILE} --output-file {build.requirements}"
    file = root / build.requirements
    if not file.is_file():
        yield sources.diagnostic(
            path,
            f"there is no {build.requirements} in {shown(root)}: which wheels go in would change by the day",
            write_it,
        )
        return
    try:
        locked = {
            canonicalize_name(each.requirement.name): each.requirement
            for each in read_lock(file.read_text(encoding="utf-8"), shown(file))
        }
    except UnicodeDecodeError:
        yield sources.diagnostic(path, f"{shown(file)} is no text in UTF-8", write_it)
        return
    except InvalidDocumentError as error:
        yield from error.diagnostics
        return
    for text in wanted:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            yield sources.diagnostic(path, f"{PROJECT_FILE} requires {text!r}, which is no requirement", "correct it")
            continue
        found = locked.get(canonicalize_name(requirement.name))
        version = next((each.version for each in found.specifier), "") if found else ""
        if not version or not requirement.specifier.contains(version, prereleases=True):
            yield sources.diagnostic(
                path, f"{shown(file)} has no {text}" + (f", but {version}" if version else ""), write_it
            )


def _architectures(sources: Sources, key: str, component: Component) -> Iterator[Diagnostic]:
    """Yield a fault for each manifest whose architecture no platform has: its artifact would have no wheel."""
    there = architectures_of(component.build)
    if None in there:
        return
    for number, manifest in enumerate(component.manifests or []):
        wanted = manifest.platform.architecture if manifest.platform else None
        if wanted is not None and wanted not in {"*", "all", *there}:
            yield sources.diagnostic(
                (key, "Manifests", number, "Platform", "architecture"),
                f"there are no wheels for {wanted}: build.platforms has {', '.join(component.build.platforms)}",
                "add a platform of that architecture, such as manylinux_2_28_aarch64, or take the manifest out",
            )


def _extras(project: Path) -> dict[str, list[str]] | None:
    """Return what each extra requires, with what the project requires in any case; None for a file that is no TOML."""
    try:
        found = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    always = found.get("dependencies", [])
    return {name: [*always, *names] for name, names in found.get("optional-dependencies", {}).items()}


def _globs(sources: Sources, key: str, component: Component) -> Iterator[Diagnostic]:
    if not component.build.exclude:
        return
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - most configs have no globs

    for index, glob in enumerate(component.build.exclude):
        try:
            GitIgnoreSpec.from_lines([glob])
        except ValueError as error:
            yield sources.diagnostic(
                (key, "build", "exclude", index), f"{glob!r} is no glob: {error}", "write it as in a .gitignore"
            )
