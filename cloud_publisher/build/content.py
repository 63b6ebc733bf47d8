"""The content digest: over what a component is made from, so that an unchanged one is recognised without a build.

Which parts count for which build system: docs/architecture.md, "Digests and versions", and docs/building.md.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from sysconfig import get_platform

from cloud_publisher.build.carried_wheel import AGENT_PACKAGES, NOT_FOR_DEVICES, carried_wheel
from cloud_publisher.build.file_sets import SourceFile, files_below, listing_of, merged
from cloud_publisher.build.wheelhouse import SAME_MACHINE, lock_of
from cloud_publisher.recipes.component_recipe import OPEN_VERSION, RecipeSource, recipe_of
from cloud_publisher.registry.resolving import ResolvedModel
from shared_schema.config import Build, Component
from shared_schema.digests import sha256_of_document
from shared_schema.json_value import JsonObject

BUILDER = f"mlops-at-edge {installed_version('mlops-at-edge')}"
"""Part of the content where a build's output may differ between publisher versions."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a component's sources are: its ``root``, in a ``repository``. ``dist`` is never part of a component."""

    repository: Path
    root: Path
    dist: Path


@dataclass(frozen=True, slots=True)
class Content:
    """What a component is made from. ``listing`` has it part by part, to say later which of them changed."""

    digest: str
    listing: JsonObject


def content_of(
    source: RecipeSource,
    *,
    place: Place,
    model: ResolvedModel | None,
    bucket: str,
    versions: Mapping[str, str],
) -> Content:
    """Return a component's content and digest. In the recipe its own version is open, its dependencies' are filled in.

    ``versions`` are the release's so far.
    """
    recipe = recipe_of(source, OPEN_VERSION, bucket=bucket, versions=versions)
    content: JsonObject = {"recipe": recipe.canonical()}
    listing: JsonObject = dict(content)
    if source.component is not None and source.artifact_names():
        with source_files(source.component, place) as found:
            files = listing_of(found)
        made_from = _made_from(source.component, place.root)
        model_data = {"model": model.data.identity} if model is not None else {}
        content |= {**made_from, "root": files.digested(), **model_data}
        listing |= {**made_from, "root": files.as_json(), **model_data}
    return Content(sha256_of_document(content), listing)


@contextmanager
def source_files(
    component: Component, place: Place, *, left_out: list[str] | None = None
) -> Iterator[list[SourceFile]]:
    """Yield the files that count: for ``python`` those of its packages, else all of its root that are not excluded.

    Those of a wheel lie in a temporary folder, until the block ends. ``left_out`` gets the names of the others.
    Raises ``BuildFailedError`` for a wheel that is not the one that its lock names.
    """
    build = component.build
    if build.build_system != "python":
        # A model's versions for a rehearsal lie there; a release has the one version that was approved.
        exclude = [*build.exclude, "/versions/"] if component.model is not None else build.exclude
        yield files_below(place.root, exclude=exclude, leave_out=place.dist, left_out=left_out)
        return
    files = _files_of(build.packages, place.root, build.exclude, left_out)
    if build.distribution is None:
        yield files
        return
    with tempfile.TemporaryDirectory(prefix="cloud-publisher-wheel-") as unpacked:
        wheel = carried_wheel(place.repository, build.distribution)
        wheel.unpack(Path(unpacked))
        agent = _files_of(AGENT_PACKAGES, Path(unpacked), [*NOT_FOR_DEVICES, *build.exclude], left_out)
        yield merged(component.component_name, ("its packages", files), (wheel.name, agent))


def _files_of(
    packages: Sequence[str], folder: Path, exclude: Sequence[str], left_out: list[str] | None
) -> list[SourceFile]:
    files: list[SourceFile] = []
    for package in sorted(packages):
        without: list[str] = []
        for file in files_below(folder / package, exclude=exclude, left_out=without):
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
