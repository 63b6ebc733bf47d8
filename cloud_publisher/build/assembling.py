"""Builds one component's artifacts into a folder: by ``zip``, ``custom`` or ``python``. Uploads nothing.

Source folders are only read. A custom build runs in its root, and gets a folder of its own for its output.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cloud_publisher.build.carried_wheel import FOLDER
from cloud_publisher.build.commands import run_command
from cloud_publisher.build.content import Place, source_files
from cloud_publisher.build.file_sets import SourceFile, files_below, merged, write_tar_gz, write_zip
from cloud_publisher.build.graph_check import named_files
from cloud_publisher.build.planning import Planned
from cloud_publisher.build.wheelhouse import download_wheels
from cloud_publisher.errors import BuildFailedError
from cloud_publisher.recipes.architectures import platforms_for
from cloud_publisher.registry.resolving import FetchedModel
from shared_schema.config import Component
from shared_schema.model_manifest import ModelManifest

OnLine = Callable[[str], None]
_TARS = (".tar.gz", ".tgz")


@dataclass(frozen=True, slots=True)
class Workplace:
    """One component's build: where its sources are, and an empty folder for what is made on the way."""

    sources: Place
    work: Path


def assemble(
    planned: Planned, place: Workplace, *, model: FetchedModel | None, manifest: ModelManifest | None, on_line: OnLine
) -> list[Path]:
    """Build the component; return its artifacts' files, by the artifacts' names. Raises ``BuildFailedError``."""
    component = planned.component
    names = planned.source.artifact_names(planned.version)
    if component is None or not names:
        return []
    target = place.work / "artifacts"
    target.mkdir(parents=True)
    if component.build.build_system == "custom":
        return _custom(planned, component, place, names, target, model=model, manifest=manifest, on_line=on_line)
    with source_files(component, place.sources) as files:
        if component.build.build_system == "python":
            return _python(planned, component, place, files, names, target, on_line)
        return _zip(planned, component, place, files, names, target, model)


def _zip(
    planned: Planned,
    component: Component,
    place: Workplace,
    files: list[SourceFile],
    names: list[str],
    target: Path,
    model: FetchedModel | None,
) -> list[Path]:
    package = files_below(model.folder, defaults=False) if model else []
    shares = shared_out(merged(planned.key, ("its folder", files), ("its model package", package)), names)
    root = place.sources.root
    return [_artifact(planned, component, name, shares[name], target, root, model) for name in names]


def shared_out(files: list[SourceFile], names: list[str]) -> dict[str, list[SourceFile]]:
    """Return which files go into which artifact of a ``zip`` build.

    Of several archives, one with a folder's name gets what is in that folder. A folder or file with an artifact of its
    own is in no other.
    """
    archives = [name for name in names if name.endswith((".zip", *_TARS))]
    folders: dict[str, list[SourceFile]] = {}
    for name in archives if len(archives) > 1 else []:
        prefix = f"{name.removesuffix('.zip').removesuffix('.tgz').removesuffix('.tar.gz')}/"
        inside = [replace(file, name=file.name[len(prefix) :]) for file in files if file.name.startswith(prefix)]
        if inside:
            folders[name] = inside
    apart = {file.path for inside in folders.values() for file in inside}
    rest = [file for file in files if file.path not in apart and (file.name not in names or file.name in archives)]
    return {name: folders.get(name, rest) for name in names}


def _python(
    planned: Planned,
    component: Component,
    place: Workplace,
    sources: list[SourceFile],
    names: list[str],
    target: Path,
    on_line: OnLine,
) -> list[Path]:
    """Build each artifact with the packages, and with the wheels for the architectures that list it."""
    architectures = planned.source.architectures(planned.version)
    made = []
    for name in names:
        files = sources
        if component.build.wheels:
            wheelhouse = place.work / "wheelhouse" / name
            platforms = platforms_for(component.build, architectures[name])
            download_wheels(
                place.sources.root,
                component.build,
                wheelhouse,
                platforms=platforms,
                carried=place.sources.repository / FOLDER if component.build.distribution else None,
                on_line=on_line,
                whose=planned.key,
            )
            wheels = files_below(wheelhouse, defaults=False)
            files = merged(planned.key, ("its packages", sources), ("its wheels", wheels))
        made.append(_artifact(planned, component, name, files, target, place.sources.root, None))
    return made


def _artifact(
    planned: Planned,
    component: Component,
    name: str,
    files: list[SourceFile],
    target: Path,
    root: Path,
    model: FetchedModel | None,
) -> Path:
    """Make one artifact of a ``zip`` or ``python`` build: files packed, the model's archive, or a file of the root."""
    made = target / name
    if name.endswith(".zip"):
        _need_something(planned, files)
        write_zip(files, made)
    elif name.endswith(_TARS):
        _need_something(planned, files)
        _model_archive(component, files, made, root, model)
    elif (root / name).is_file() and component.build.build_system == "zip":
        shutil.copyfile(root / name, made)
    else:
        raise BuildFailedError(
            f"{planned.key}: the artifact {name} is no archive, and there is no such file in {root}",
            "name an artifact .zip or .tar.gz, or as a file of the component's folder; or write a custom build",
        )
    return made


def _model_archive(
    component: Component, files: list[SourceFile], made: Path, root: Path, model: FetchedModel | None
) -> None:
    """Make a ``.tar.gz``: the model package's own archive if the folder adds nothing to it, else a new one."""
    own = {file.path for file in files if file.path.is_relative_to(root)}
    is_the_models = component.model is not None and component.model.name == made.name
    if model is not None and model.archive is not None and is_the_models and not own:
        shutil.copyfile(model.archive, made)
    else:
        write_tar_gz(files, made)


def _custom(
    planned: Planned,
    component: Component,
    place: Workplace,
    names: list[str],
    target: Path,
    *,
    model: FetchedModel | None,
    manifest: ModelManifest | None,
    on_line: OnLine,
) -> list[Path]:
    output = place.work / "output"
    output.mkdir()
    run_command(
        component.build.custom_build_command or [],
        folder=place.sources.root,
        environment=_environment(planned, output, model),
        timeout=component.build.timeout,
        on_line=on_line,
        whose=planned.key,
    )
    left = files_below(output, defaults=False)
    if not left:
        raise BuildFailedError(
            f"{planned.key}: the custom build ended well and left nothing in OUTPUT_DIR",
            "write the artifact, or what goes into it, to the folder that the variable OUTPUT_DIR names",
        )
    by_name = {file.name: file for file in left}
    rest = [file for file in left if file.name not in names]
    to_zip = [name for name in names if name not in by_name]
    if len(to_zip) > 1 or any(not name.endswith(".zip") for name in to_zip) or (to_zip and not rest):
        raise BuildFailedError(
            f"{planned.key}: the custom build left no {', '.join(to_zip)}; it left {', '.join(sorted(by_name))}",
            "write every artifact to OUTPUT_DIR under its name; one zip may be left to be packed from the other files",
        )
    made: list[Path] = []
    for name in names:
        if name in by_name:
            made.append(_no_link(planned, by_name[name]))
            continue
        brought = _with_manifest(place.sources.root, rest, manifest) if manifest else rest
        write_zip(brought, target / name)
        made.append(target / name)
    if rest and not to_zip:
        on_line(f"left in OUTPUT_DIR and in no artifact: {', '.join(file.name for file in rest)}")
    return made


def _no_link(planned: Planned, file: SourceFile) -> Path:
    if file.link is not None:
        raise BuildFailedError(
            f"{planned.key}: the custom build left {file.name} as a link to {file.link!r}",
            "let it leave the file itself",
        )
    return file.path


def _with_manifest(root: Path, files: list[SourceFile], manifest: ModelManifest) -> list[SourceFile]:
    """Return the custom build's files, with those of the root that the manifest names and the build did not make."""
    there = {file.name for file in files}
    added = [
        SourceFile(name, root / name)
        for name in named_files(manifest)
        if name not in there and (root / name).is_file() and not (root / name).is_symlink()
    ]
    return sorted([*files, *added], key=lambda file: file.name.encode())


def _environment(planned: Planned, output: Path, model: FetchedModel | None) -> Mapping[str, str]:
    environment = {
        **os.environ,
        "COMPONENT_NAME": planned.name,
        "COMPONENT_VERSION": planned.version,
        "OUTPUT_DIR": str(output.resolve()),
        # A custom build runs in its root, and nothing may write to a source folder.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        # A conversion may try its graph, and onnxruntime sends telemetry unless this is there before its import.
        "ORT_DISABLE_TELEMETRY": "1",
    }
    for name in ("MODEL_DIR", "MODEL_ARCHIVE"):
        environment.pop(name, None)
    if model is not None:
        environment["MODEL_DIR"] = str(model.folder.resolve())
        if model.archive is not None:
            environment["MODEL_ARCHIVE"] = str(model.archive.resolve())
    return environment


def _need_something(planned: Planned, files: list[SourceFile]) -> None:
    if not files:
        raise BuildFailedError(
            f"{planned.key}: there is nothing to pack in its folder", "add files to it, or correct its root or exclude"
        )
