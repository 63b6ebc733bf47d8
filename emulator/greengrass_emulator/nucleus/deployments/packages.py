"""Recipes and artifacts on the device's disk: ``<root>/packages/{recipes,artifacts,artifacts-unarchived}``.

File permissions are as on classic (ComponentManager.java:500-545): only the nucleus can read a file until a step of its
own component first runs, unless ``Read: ALL``. Here components may run as the nucleus's own user, so such a file has
mode 0000, and components run without the right to read past modes.
"""

import json
import logging
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

import nodesemver
import yaml

from greengrass_emulator.durable import make_folder, sync_folder, sync_tree, write_whole
from greengrass_emulator.nucleus.deployments.artifact_files import (
    UNPACKABLE,
    extract,
    mode_of,
    remove_folder,
    same_files,
)
from greengrass_emulator.nucleus.deployments.resolution import satisfies
from greengrass_emulator.nucleus.errors import DeploymentFailed, RecipeInvalid
from greengrass_emulator.nucleus.lifecycle.run_as import Identity, give
from greengrass_emulator.nucleus.recipes.component import Artifact, Component
from greengrass_emulator.nucleus.recipes.platform import Platform
from greengrass_emulator.nucleus.recipes.reading import check_identity, read_recipe
from greengrass_emulator.nucleus.runtimes import Runtime

_log = logging.getLogger(__name__)
_RECIPES = (".json", ".yaml", ".yml")


class PackageStore:
    """A device's packages."""

    def __init__(self, root: Path, runtime: Runtime, platform: Platform) -> None:
        self._packages = root / "packages"
        self._runtime = runtime
        self._platform = platform
        self._new: set[tuple[str, str]] = set()

    def artifact_folder(self, component: Component) -> Path:
        return self._packages / "artifacts" / component.name / component.version

    def unpacked_folder(self, component: Component) -> Path:
        return self._packages / "artifacts-unarchived" / component.name / component.version

    def read(self, text: str, where: str) -> Component:
        """Return the component in a recipe's text, for this device. Raises DeploymentFailed."""
        try:
            return read_recipe(text, where, self._runtime, self._platform)
        except RecipeInvalid as error:
            raise DeploymentFailed(str(error), error.code) from error

    def save_recipe(self, text: str, name: str, version: str) -> None:
        suffix = ".json" if text.lstrip().startswith("{") else ".yaml"
        folder = self._packages / "recipes"
        write_whole(folder / f"{name}-{version}{suffix}", text, durably=True)
        for other in _RECIPES:
            if other != suffix:
                (folder / f"{name}-{version}{other}").unlink(missing_ok=True)

    def find(self, name: str, version: str) -> Component | None:
        """Return a component from the disk. Raises DeploymentFailed if its recipe is not for this device."""
        for suffix in _RECIPES:
            path = self._packages / "recipes" / f"{name}-{version}{suffix}"
            if path.exists():
                return self.read(path.read_text(encoding="utf-8"), path.name)
        return None

    async def candidate(self, name: str, requirements: Mapping[str, str]) -> Component:
        """Return the highest version on the disk that meets every requirement. Raises DeploymentFailed."""
        versions = [
            version
            for version in self._versions(name)
            if all(satisfies(version, requirement) for requirement in requirements.values())
        ]
        for version in nodesemver.rsort(versions, False):
            component = self.find(name, version)
            if component is not None:
                return component
        wanted = ", ".join(f"{who} wants {requirement}" for who, requirement in requirements.items())
        raise DeploymentFailed(
            f"no version of {name} meets the requirements ({wanted}). "
            "Publish one, or give its recipe with the local deployment.",
            "NO_AVAILABLE_COMPONENT_VERSION",
            "COMPONENT_VERSION_REQUIREMENTS_NOT_MET",
        )

    def take_in(self, recipes: Path | None, artifacts: Path | None) -> None:
        """Copy a local deployment's recipes and artifacts. Raises DeploymentFailed for a recipe without a name."""
        for path in sorted(recipes.iterdir()) if recipes else ():
            if path.suffix in _RECIPES:
                text = path.read_text(encoding="utf-8")
                name, version = _identity(text, path)
                self.save_recipe(text, name, version)
        for folder in sorted(artifacts.glob("*/*")) if artifacts else ():
            name, version = folder.parts[-2:]
            if same_files(folder, self._packages / "artifacts" / name / version):
                # This version may be running: its files stay.
                continue
            remove_folder(self._packages / "artifacts-unarchived" / name / version)
            remove_folder(self._packages / "artifacts" / name / version)
            beside = self._beside(f"{name}-{version}")
            shutil.copytree(folder, beside)
            sync_tree(beside)
            make_folder(self._packages / "artifacts" / name)
            beside.replace(self._packages / "artifacts" / name / version)
            sync_folder(self._packages / "artifacts" / name)
            self._new.add((name, version))

    def find_deployed(self, name: str, version: str) -> Component | None:
        """At a start, return a deployed component, and unpack what a killed nucleus may not have unpacked.

        None, with a line in the log, if it is gone or its files cannot be unpacked.
        """
        try:
            component = self.find(name, version)
            if component is not None:
                self._unpack_again(component)
        except DeploymentFailed:
            _log.exception("a component cannot be resumed", extra={"component": name})
            return None
        if component is None:
            _log.error("a component's recipe is gone", extra={"component": name, "version": version})
        return component

    def _unpack_again(self, component: Component) -> None:
        for artifact in component.artifacts:
            if artifact.unzip and (self.artifact_folder(component) / artifact.file_name).is_file():
                self.unpack(component, artifact)

    def unpack(self, component: Component, artifact: Artifact) -> None:
        """Unpack one zip for its component, wholly or not at all. Raises DeploymentFailed."""
        archive = self.artifact_folder(component) / artifact.file_name
        target = self.unpacked_folder(component) / Path(artifact.file_name).stem
        if target.exists():
            return
        beside = self._beside(f"{component.name}-{component.version}-{target.name}")
        archive.chmod(0o600)
        beside.mkdir(parents=True)
        make_folder(target.parent)
        try:
            extract(archive, beside)
            sync_tree(beside)
        except UNPACKABLE as error:
            remove_folder(beside)
            raise DeploymentFailed(
                f"{artifact.file_name} of {component.name} cannot be unpacked: {error}. Build it again.",
                "ARTIFACT_DOWNLOAD_ERROR",
                "IO_UNZIP_ERROR",
            ) from error
        # If the nucleus is killed after this, the files must be closed already.
        self._close(artifact, beside)
        # A folder can be moved only if its owner may write to it.
        beside.chmod(0o755)
        beside.replace(target)
        target.chmod(0o555)
        sync_folder(target.parent)
        self.note_new(component)

    def note_new(self, component: Component) -> None:
        """Note that files of this version have just arrived."""
        self._new.add((component.name, component.version))

    def protect(self, component: Component) -> None:
        """Set the modes of new files before any step runs. The files of a running version stay as they are."""
        if (component.name, component.version) not in self._new and not self._has_open_archives(component):
            return
        self._new.discard((component.name, component.version))
        for artifact in component.artifacts:
            archive = self.artifact_folder(component) / artifact.file_name
            if archive.is_file():
                archive.chmod(self._first_mode(artifact))
            if artifact.unzip:
                self._close(artifact, self.unpacked_folder(component) / Path(artifact.file_name).stem)

    def begin_anew(self) -> None:
        """At a start, remove what an earlier nucleus was still unpacking."""
        remove_folder(self._packages / ".unpacking")

    def hand_over(self, component: Component, owner: Identity) -> None:
        """Give the files to the component's user, before one of its own steps runs.

        GenericExternalService.java (updateComponentPathOwner): with the folders that they are in.
        """
        for artifact in component.artifacts:
            mode = mode_of(artifact, owner_has_it=True)
            for path in self._files_of(component, artifact):
                if stat.S_IMODE(path.stat().st_mode) != mode:
                    path.chmod(mode)
        for folder in (self.artifact_folder(component), self.unpacked_folder(component)):
            if folder.is_dir():
                give(folder, owner)

    def clean(self, keep: Mapping[str, Iterable[str]]) -> None:
        """Remove every version that is not kept (ComponentManager.java:621-653)."""
        for kind in ("artifacts", "artifacts-unarchived"):
            for folder in (self._packages / kind).glob("*/*"):
                name, version = folder.parts[-2:]
                if version not in keep.get(name, ()):
                    remove_folder(folder)
        kept = {f"{name}-{version}" for name, versions in keep.items() for version in versions}
        for recipe in (self._packages / "recipes").glob("*"):
            if recipe.stem not in kept:
                recipe.unlink()

    def _beside(self, name: str) -> Path:
        """Return a place for an unfinished folder, not beside the target: an agent takes the only folder there."""
        folder = self._packages / ".unpacking"
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / name
        remove_folder(place)
        return place

    def _has_open_archives(self, component: Component) -> bool:
        """Return whether a nucleus was killed before it set the modes: then an archive is still writable."""
        folder = self.artifact_folder(component)
        archives = [folder / each.file_name for each in component.artifacts]
        return any(each.is_file() and each.stat().st_mode & 0o200 for each in archives)

    def _first_mode(self, artifact: Artifact) -> int:
        return mode_of(artifact, owner_has_it=not self._runtime.hides_unpacked_files)

    def _close(self, artifact: Artifact, unpacked: Path) -> None:
        for path in (unpacked, *unpacked.rglob("*")):
            path.chmod(0o555 if path.is_dir() else self._first_mode(artifact))

    def _versions(self, name: str) -> list[str]:
        found: list[str] = []
        for path in (self._packages / "recipes").glob(f"{name}-*"):
            version = path.stem[len(name) + 1 :]
            if path.suffix in _RECIPES and nodesemver.valid(version, False):
                found.append(version)
        return found

    def _files_of(self, component: Component, artifact: Artifact) -> Iterable[Path]:
        archive = self.artifact_folder(component) / artifact.file_name
        if archive.is_file():
            yield archive
        if artifact.unzip:
            unpacked = self.unpacked_folder(component) / Path(artifact.file_name).stem
            yield from (path for path in unpacked.rglob("*") if path.is_file())


def _identity(text: str, path: Path) -> tuple[str, str]:
    try:
        document = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        folded = {str(key).lower(): value for key, value in document.items()}
        name, version = str(folded["componentname"]), str(folded["componentversion"])
        check_identity(name, version, str(path))
    except (ValueError, yaml.YAMLError, AttributeError, KeyError) as error:
        raise DeploymentFailed(
            f"{path}: is not a recipe with a ComponentName and a ComponentVersion ({error}). Correct it.",
            "RECIPE_PARSE_ERROR",
        ) from error
    except RecipeInvalid as error:
        raise DeploymentFailed(str(error), error.code) from error
    return name, version
