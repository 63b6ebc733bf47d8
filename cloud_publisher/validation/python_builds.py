"""Checks what a ``python`` build is made from: packages, the agent's wheel, the extra, the lock of its requirements."""

import tomllib
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from cloud_publisher.errors import BuildFailedError, InvalidDocumentError
from cloud_publisher.recipes.architectures import architectures_of
from cloud_publisher.validation.sources import Sources, shown
from shared_schema.config import Build, Component
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean

PROJECT_FILE = "pyproject.toml"
_Extras = Mapping[str, Sequence[str]]
"""What each extra requires, with what is required in any case."""


def check_python_build(sources: Sources, key: str, component: Component, root: Path) -> Iterator[Diagnostic]:
    """Yield the faults of one component's ``python`` build."""
    build = component.build
    yield from _packages(sources, key, component, root)
    extras: _Extras | None = None
    if build.distribution is not None:
        extras = yield from _distribution(sources, key, component, build.distribution)
    if not build.wheels:
        return
    yield from _architectures(sources, key, component)
    if build.extra is None:
        yield sources.diagnostic(
            (key, "build"), "wheels are wanted and no extra says which", "add extra:, or set wheels: false"
        )
        return
    if build.distribution is None:
        extras = yield from _project(sources, key, root, build.extra)
    if extras is None:
        return
    if build.extra not in extras:
        yield sources.diagnostic(
            (key, "build", "extra"),
            f"{build.distribution or PROJECT_FILE} has no extra {build.extra!r}",
            did_you_mean(build.extra, list(extras)),
        )
    else:
        yield from _lock(sources, key, root, build, extras[build.extra])


def _packages(sources: Sources, key: str, component: Component, root: Path) -> Iterator[Diagnostic]:
    from cloud_publisher.build.carried_wheel import AGENT_PACKAGES  # noqa: PLC0415 - few configs have packages

    build = component.build
    for index, package in enumerate(build.packages):
        path = (key, "build", "packages", index)
        if build.distribution is not None and PurePosixPath(package).parts[0] in AGENT_PACKAGES:
            yield sources.diagnostic(
                path, f"{package!r} is in the wheel of {build.distribution} already", "take it out, or rename yours"
            )
        elif not (root / package).is_dir():
            packages = sorted(each.parent.name for each in root.glob("*/__init__.py"))
            yield sources.diagnostic(
                path, f"there is no package {package!r} in {shown(root)}", did_you_mean(package, packages)
            )


def _distribution(
    sources: Sources, key: str, component: Component, distribution: str
) -> Generator[Diagnostic, None, _Extras | None]:
    """Yield the faults of the agent's wheel; return its extras, or None if it cannot be used."""
    from cloud_publisher.build.carried_wheel import carried_wheel  # noqa: PLC0415

    path = (key, "build", "distribution")
    if component.agent is None:
        yield sources.diagnostic(
            path, f"{distribution} has the agent, and this component is another", "take distribution out, or add agent:"
        )
        return None
    try:
        wheel = carried_wheel(sources.folder, distribution)
    except BuildFailedError as error:
        yield sources.diagnostic(path, error.problem, error.remedy)
        return None
    lacks = wheel.lacks()
    if lacks:
        yield sources.diagnostic(
            path, f"{wheel.name} has no {' and no '.join(lacks)}", "write it anew with `cloud-publisher init --upgrade`"
        )
        return None
    return wheel.extras()


def _project(sources: Sources, key: str, root: Path, extra: str) -> Generator[Diagnostic, None, _Extras | None]:
    """Yield what is wrong with the root's project; return its extras, or None if it cannot be read."""
    path, project = (key, "build", "extra"), root / PROJECT_FILE
    if not project.is_file():
        yield sources.diagnostic(
            path, f"there is no {PROJECT_FILE} in {shown(root)}", f"add the one that has the extra {extra!r}"
        )
        return None
    extras = _extras(project)
    if extras is None:
        yield sources.diagnostic(path, f"{shown(project)} is no valid TOML", "correct it; pip says where")
    return extras


def _lock(sources: Sources, key: str, root: Path, build: Build, wanted: Sequence[str]) -> Iterator[Diagnostic]:
    """Yield what is wrong with the lock: it is absent, has a line without version or hash, or lacks a requirement."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - most configs have no locks
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    from cloud_publisher.build.requirement_lock import LOCK_COMMAND, read_lock  # noqa: PLC0415

    path = (key, "build", "requirements")
    write_it = f"write it: {LOCK_COMMAND} --extra {build.extra} {PROJECT_FILE} --output-file {build.requirements}"
    if build.distribution:
        write_it = f"write it anew with `cloud-publisher init --upgrade`, or with {LOCK_COMMAND}"
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
            yield sources.diagnostic(
                path, f"{build.distribution or PROJECT_FILE} requires {text!r}, which is no requirement", "correct it"
            )
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
