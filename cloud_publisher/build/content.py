"""The content digest: over what a component is made from, so that an unchanged one is recognised without a build.

Which parts count for which build system: docs/architecture.md, "Digests and versions", and docs/building.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from sysconfig import get_platform

from cloud_publisher.build.file_sets import SourceFile, files_below, listing_of
from cloud_publisher.build.wheelhouse import SAME_MACHINE, lock_of
from cloud_publisher.recipes.component_recipe import OPEN_VERSION, RecipeSource, recipe_of
from cloud_publisher.registry.resolving import ResolvedModel
from shared_schema.config import Build, Component
from shared_schema.digests import sha256_of_document
from shared_schema.json_value import JsonObject

BUILDER = f"mlops-at-edge {installed_version('mlops-at-edge')}"
"""Part of the content where a build's output may differ between publisher versions."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a component is made from. ``listing`` has it part by part, to say later which of them changed."""

    digest: str
    listing: JsonObject


def content_of(
    source: RecipeSource,
    *,
    root: Path | None,
    leave_out: Path,
    model: ResolvedModel | None,
    bucket: str,
    versions: Mapping[str, str],
) -> Content:
    """Return a component's content and digest. In the recipe its own version is open, its dependencies' are filled in.

    ``leave_out`` is the build's own output; ``versions`` are the release's so far.
    """
    recipe = recipe_of(source, OPEN_VERSION, bucket=bucket, versions=versions)
    content: JsonObject = {"recipe": recipe.canonical()}
    listing: JsonObject = dict(content)
    if source.component is not None and root is not None and source.artifact_names():
        files = listing_of(root_files(source.component, root, leave_out))
        made_from = _made_from(source.component, root)
        model_data = {"model": model.data.identity} if model is not None else {}
        content |= {**made_from, "root": files.digested(), **model_data}
        listing |= {**made_from, "root": files.as_json(), **model_data}
    return Content(sha256_of_document(content), listing)


def root_files(
    component: Component, root: Path, leave_out: Path, *, left_out: list[str] | None = None
) -> list[SourceFile]:
    """Return the files of a component's folder that count: for ``python`` its packages', else all not excluded.

    ``left_out`` gets the names of the others.
    """
    build = component.build
    if build.build_system != "python":
        # A model's versions for a rehearsal lie there; a release has the one version that was approved.
        exclude = [*build.exclude, "/versions/"] if component.model is not None else build.exclude
        return files_below(root, exclude=exclude, leave_out=leave_out, left_out=left_out)
    files: list[SourceFile] = []
    for package in sorted(build.packages):
        without: list[str] = []
        for file in files_below(root / package, exclude=build.exclude, left_out=without):
            files.append(SourceFile(f"{package}/{file.name}", file.path, file.executable, file.link))
        if left_out is not None:
            left_out.extend(f"{package}/{name}" for name in without)
    return files


def _made_from(component: Component, root: Path) -> JsonObject:
    build = component.build
    content: JsonObject = {"build": build.build_system}
    if build.build_system == "custom":
        content |= {"builder": BUILDER, "command": [*(build.custom_build_command or ())]}
    elif build.build_system == "python":
        content |= {"builder": BUILDER, "wheels": _wheels(build, root) if build.wheels else None}
    return content


def _wheels(build: Build, root: Path) -> JsonObject:
    return {
        "requirements": [*sorted(str(each) for each in lock_of(root, build))],
        "platforms": [*sorted(get_platform() if name == SAME_MACHINE else name for name in build.platforms)],
        "python": build.python,
    }
