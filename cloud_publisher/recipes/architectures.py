"""Maps pip's platform tags to Greengrass's architectures, and wheels to artifacts.

A manifest can only distinguish devices by architecture, so a ``python`` component has one artifact for each.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from shared_schema.config import Build
from shared_schema.json_value import with_texts
from shared_schema.recipe import Artifact, Lifecycle, Manifest, Platform

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "aarch64", "armv7l": "arm", "i686": "x86"}
"""Greengrass's architectures by the ends of pip's platform tags (AWS's recipe reference, Platform.architecture)."""


def architecture_of(platform: str) -> str | None:
    """Return a platform tag's architecture; None for the builder's own, and if Greengrass has no name for it."""
    return next((name for tag, name in _ARCHITECTURES.items() if platform.endswith(f"_{tag}")), None)


def architectures_of(build: Build) -> list[str | None]:
    """Return the architectures that the wheels are for, each once, in the order of ``platforms``; a None is last.

    Without wheels only None: sources run anywhere.
    """
    if not build.wheels:
        return [None]
    found = list(dict.fromkeys(architecture_of(platform) for platform in build.platforms))
    return sorted(found, key=lambda each: each is None)


def platforms_for(build: Build, architectures: Collection[str | None]) -> Sequence[str]:
    """Return the platforms whose wheels go into an artifact that manifests of these architectures list.

    A manifest without an architecture is for all other devices, and gets the wheels of every platform.
    """
    if None in architectures:
        return build.platforms
    return [platform for platform in build.platforms if architecture_of(platform) in architectures]


def manifests_by_architecture(manifest: Manifest, architectures: Sequence[str | None]) -> list[Manifest]:
    """Return a manifest for each architecture, made from the recipe's one; archives and paths are named for it.

    The manifest for any other architecture keeps its archives' names, and is last.
    """
    return [_manifest_for(manifest, each) for each in architectures]


def _manifest_for(manifest: Manifest, architecture: str | None) -> Manifest:
    if architecture is None:
        return manifest
    archives = [artifact.uri.rpartition("/")[2] for artifact in manifest.artifacts if _is_zip(artifact)]
    return manifest.model_copy(
        update={
            "platform": (manifest.platform or Platform()).model_copy(update={"architecture": architecture}),
            "lifecycle": manifest.lifecycle and _renamed(manifest.lifecycle, archives, architecture),
            "artifacts": [
                artifact.model_copy(update={"uri": f"{artifact.uri.removesuffix('.zip')}-{architecture}.zip"})
                if _is_zip(artifact)
                else artifact
                for artifact in manifest.artifacts
            ],
        }
    )


def _is_zip(artifact: Artifact) -> bool:
    return artifact.uri.endswith(".zip")


def _renamed(lifecycle: Lifecycle, archives: Sequence[str], architecture: str) -> Lifecycle:
    """Return a lifecycle whose paths lead to the renamed archives, and to the folders that they are unpacked into."""

    def renamed(text: str) -> str:
        for archive in archives:
            stem = re.escape(PurePosixPath(archive).stem)
            text = re.sub(rf"(\{{artifacts:decompressedPath\}}/{stem})(?![\w.-])", rf"\g<1>-{architecture}", text)
            text = re.sub(rf"(\{{artifacts:path\}}/{stem})\.zip(?![\w.-])", rf"\g<1>-{architecture}.zip", text)
        return text

    return Lifecycle.model_validate(
        with_texts(lifecycle.model_dump(mode="json", by_alias=True, exclude_none=True), renamed)
    )
