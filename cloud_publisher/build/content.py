"""The content digest: over what a component is made from, so that nothing is built to learn that nothing changed.

Which parts count for which build system: architecture, section 2, "Components, versions, digests".
"""

from collections.abc import Mapping
from importlib.metadata import version as installed_version
from pathlib import Path
from sysconfig import get_platform
from typing import Any

from cloud_publisher.build.file_sets import SourceFile, digest_of_files, files_below
from cloud_publisher.build.wheelhouse import SAME_MACHINE, requirements_of
from cloud_publisher.recipes.component_recipe import OPEN_VERSION, RecipeSource, recipe_of
from cloud_publisher.registry.resolving import ResolvedModel
from cloud_publisher.validation.roots import CONSTRAINTS_FILE
from shared_schema.canonical_json import sha256_of_document
from shared_schema.config import Build, Component

BUILDER = f"mlops-at-edge {installed_version('mlops-at-edge')}"
"""Counts where a build's output need not repeat itself: another publisher may build it differently."""


def content_digest(
    source: RecipeSource,
    *,
    root: Path | None,
    leave_out: Path,
    model: ResolvedModel | None,
    bucket: str,
    versions: Mapping[str, str],
) -> str:
    """The digest of a component's content. ``leave_out`` is the build's own output; ``versions`` the release's so far.

    Its own version is left open in the recipe, its dependencies' are filled in.
    """
    recipe = recipe_of(source, OPEN_VERSION, bucket=bucket, versions=versions)
    content: dict[str, Any] = {"recipe": recipe.canonical()}
    if source.component is not None and root is not None and source.artifact_names():
        content.update(_made_from(source.component, root, leave_out))
        if model is not None:
            content["model"] = model.data.identity
    return sha256_of_document(content)


def root_files(component: Component, root: Path, leave_out: Path) -> list[SourceFile]:
    """The files of a component's folder that count: those of its packages for ``python``, else all not excluded."""
    build = component.build
    if build.build_system != "python":
        return files_below(root, exclude=build.exclude, leave_out=leave_out)
    return [
        SourceFile(f"{package}/{file.name}", file.path, file.executable, file.link)
        for package in sorted(build.packages)
        for file in files_below(root / package, exclude=build.exclude)
    ]


def _made_from(component: Component, root: Path, leave_out: Path) -> dict[str, Any]:
    build = component.build
    content: dict[str, Any] = {
        "build": build.build_system,
        "root": digest_of_files(root_files(component, root, leave_out)),
    }
    if build.build_system == "custom":
        content |= {"builder": BUILDER, "command": build.custom_build_command}
    elif build.build_system == "python":
        content |= {"builder": BUILDER, "wheels": _wheels(build, root) if build.wheels else None}
    return content


def _wheels(build: Build, root: Path) -> dict[str, Any]:
    return {
        "requirements": requirements_of(root, build.extra or ""),
        "constraints": _pins(root / CONSTRAINTS_FILE),
        "platforms": sorted(get_platform() if name == SAME_MACHINE else name for name in build.platforms),
        "python": build.python,
    }


def _pins(constraints: Path) -> list[str]:
    """The pins in order, without comments and blank lines: neither changes what is downloaded."""
    lines = (line.split(" #")[0].strip() for line in constraints.read_text(encoding="utf-8").splitlines())
    return sorted(line for line in lines if line and not line.startswith("#"))
