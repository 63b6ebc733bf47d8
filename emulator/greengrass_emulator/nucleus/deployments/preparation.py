"""Getting a component's artifacts: download, check against the recipe's digest, unpack."""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

from greengrass_emulator.durable import make_folder, sync_file, sync_folder
from greengrass_emulator.nucleus.deployments.packages import PackageStore
from greengrass_emulator.nucleus.errors import DeploymentFailed
from greengrass_emulator.nucleus.recipes.component import Artifact, Component

_log = logging.getLogger(__name__)

Download = Callable[[str, Path], None]
"""Downloads a URI into a file. Blocking; raises DeploymentFailed."""
_MOST_DOWNLOADS = 10
_BLOCK = 1024 * 1024


class Preparation:
    """Prepares components one by one."""

    def __init__(self, packages: PackageStore, download: Download, pause: float) -> None:
        self._packages = packages
        self._download = download
        self._pause = pause

    async def prepare(self, component: Component) -> None:
        """Download and unpack every artifact that is missing. Raises DeploymentFailed."""
        for artifact in component.artifacts:
            await self._have(component, artifact)
            if artifact.unzip:
                await asyncio.to_thread(self._packages.unpack, component, artifact)
        await asyncio.to_thread(self._packages.protect, component)

    async def _have(self, component: Component, artifact: Artifact) -> None:
        path = self._packages.artifact_folder(component) / artifact.file_name
        if path.exists() and await asyncio.to_thread(_has_its_digest, path, artifact):
            await asyncio.to_thread(_settle, path)
            return
        make_folder(path.parent)
        for attempt in range(1, _MOST_DOWNLOADS + 1):
            path.unlink(missing_ok=True)
            await asyncio.to_thread(self._download, artifact.uri, path)
            self._packages.note_new(component)
            if await asyncio.to_thread(_has_its_digest, path, artifact):
                await asyncio.to_thread(_settle, path)
                return
            # ArtifactDownloader.java:55-150: a wrong file is deleted and downloaded again.
            path.unlink(missing_ok=True)
            _log.error("an artifact's digest is wrong", extra={"artifact": artifact.uri, "attempt": attempt})
            if attempt < _MOST_DOWNLOADS:
                await asyncio.sleep(self._pause)
        raise DeploymentFailed(
            f"Integrity check for downloaded artifact failed: {artifact.uri} has not the digest of its recipe. "
            "Build and publish a new version; artifacts are never changed.",
            "ARTIFACT_DOWNLOAD_ERROR",
            "ARTIFACT_CHECKSUM_MISMATCH",
        )


def _settle(path: Path) -> None:
    """Sync it to the disk before it counts: at the next start it is not downloaded again."""
    sync_file(path)
    sync_folder(path.parent)


def _has_its_digest(path: Path, artifact: Artifact) -> bool:
    if artifact.digest is None:
        return True
    digest = hashlib.sha256()
    if not path.stat().st_mode & 0o400:
        path.chmod(0o400)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return base64.b64encode(digest.digest()).decode() == artifact.digest
