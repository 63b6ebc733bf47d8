"""Component versions from the cloud, kept on the disk once they are chosen."""

import asyncio
import logging
from collections.abc import Mapping

from greengrass_emulator.nucleus.cloud.data_plane import DataPlane
from greengrass_emulator.nucleus.deployments.packages import PackageStore
from greengrass_emulator.nucleus.errors import CloudAway, DeploymentFailed
from greengrass_emulator.nucleus.recipes.component import Component

_log = logging.getLogger(__name__)


class CloudCandidates:
    """Asks the cloud first. Without a network it takes what is on the disk."""

    def __init__(self, data_plane: DataPlane, packages: PackageStore) -> None:
        self._data_plane = data_plane
        self._packages = packages

    async def candidate(self, name: str, requirements: Mapping[str, str]) -> Component:
        """Return the best version. Raises DeploymentFailed."""
        try:
            version, recipe = await asyncio.to_thread(self._data_plane.resolve, name, requirements)
        except CloudAway as error:
            _log.warning("the cloud cannot be asked for versions", extra={"component": name, "reason": str(error)})
            try:
                return await self._packages.candidate(name, requirements)
            except DeploymentFailed as failure:
                raise DeploymentFailed(f"{failure}; and {error}", "NETWORK_ERROR") from failure
        component = self._packages.read(recipe, f"the recipe of {name} {version}")
        self._packages.save_recipe(recipe, name, version)
        return component
