"""A deployment as lite carries it out: component by component, without rollback (deployment_handler.c:3223-4020).

For each component in turn it downloads the files, writes reset, defaults and merge as separate writes, and overwrites
the unit files. Only after the last component does it install them all, and then start them. There is no validation, no
notification, no rollback: neither policy is read.
"""

import asyncio
import logging
from collections.abc import Mapping

from greengrass_emulator.json_value import JsonObject, key_path
from greengrass_emulator.nucleus.configuration.changes import Removed
from greengrass_emulator.nucleus.configuration.lite_writes import lite_writes
from greengrass_emulator.nucleus.deployments.device import Device
from greengrass_emulator.nucleus.deployments.document import Deployment
from greengrass_emulator.nucleus.deployments.lite_installation import LiteInstallation
from greengrass_emulator.nucleus.deployments.lite_units import LiteUnits
from greengrass_emulator.nucleus.deployments.resolution import Candidates, resolve
from greengrass_emulator.nucleus.errors import DeploymentFailed, LeafRefused, StepFailed
from greengrass_emulator.nucleus.lifecycle.states import WELL
from greengrass_emulator.nucleus.lite_sizes import fault_of_write
from greengrass_emulator.nucleus.recipes.component import Component

_log = logging.getLogger(__name__)
_PROCESS_STEPS = frozenset({"run", "startup"})
_INSTALL_ONLY_WAIT = 300.0


class LiteDeployer:
    """Carries out one deployment at a time."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._units = LiteUnits(device.memory)
        # It changes the device from its first component on.
        self.is_merging = True

    async def deploy(self, deployment: Deployment, candidates: Candidates) -> None:
        """Carry a deployment out; return once it has succeeded. Raises DeploymentFailed; nothing is undone."""
        device = self._device
        targets = device.wanted_targets(deployment)
        components = await resolve({name: each.roots for name, each in targets.items()}, candidates, device.runtime)
        to_start: list[Component] = []
        for component in components.values():
            await device.preparation.prepare(component)
            self._hand_over(component)
            before = device.memory.state.versions.get(component.name)
            device.memory.state.versions[component.name] = component.version
            await self._configure(component, deployment)
            if not component.lifecycle.steps:
                raise DeploymentFailed(f"{component.name} has no lifecycle step: lite refuses it. Give it a run.")
            self._units.write(component)
            if self._is_to_be_started(component, deployment, before):
                to_start.append(component)
        await LiteInstallation(device, self._units).run(to_start)
        since = device.clock.passed()
        for component in to_start:
            self._units.link(component.name, True)
            device.services.start_unit(component)
        device.services.forgive()
        await device.until_well(components, since)
        await self._refuse_install_only(components)
        gone = [each.name for each in device.services.all() if each.name not in components]
        await device.services.remove(gone)
        for name in gone:
            self._units.remove(name)
        for name in device.configuration.components() - components.keys():
            device.configuration.drop(name)
        device.keep(components, targets, {})
        device.clean(keep_previous=False)

    def _is_to_be_started(self, component: Component, deployment: Deployment, before: str | None) -> bool:
        """Return whether to start it: it has a new version or any ``configurationUpdate``, or is not well.

        deployment_handler.c, ``components_to_deploy``. What counts is the version in ggconfigd: after a failed
        deployment this is the new one, even if the old one runs.
        """
        wanted = deployment.components.get(component.name)
        if before != component.version or (wanted is not None and wanted.configures):
            return True
        service = self._device.services.get(component.name)
        return service is None or service.state not in WELL

    def _hand_over(self, component: Component) -> None:
        """Give the files to their user at once, as lite does (its release notes 2.5.0)."""
        try:
            owner = self._device.services.identities.of(None)
        except StepFailed as error:
            raise DeploymentFailed(str(error)) from error
        self._device.packages.hand_over(component, owner)

    async def _configure(self, component: Component, deployment: Deployment) -> None:
        store, name = self._device.configuration, component.name
        store.restore(name)
        wanted = deployment.components.get(name)
        for pointer in wanted.reset if wanted else ():
            await store.apply(name, [Removed(key_path(pointer))])
        # A default has the time 0, and so replaces only an older default (deployment_handler.c).
        await self._write(name, component.defaults, 0.0, dated=True)
        if wanted is not None:
            await self._write(name, wanted.merge, store.clock.now(), dated=False)

    async def _write(self, name: str, value: JsonObject, at: float, *, dated: bool) -> None:
        store = self._device.configuration
        if (fault := fault_of_write(name, value, dated=dated)) is not None:
            raise DeploymentFailed(f"the configuration of {name} is not written: {fault}. Split it, or write less.")
        try:
            writes = lite_writes(store.of(name), value, at, lambda leaf: store.written_at(name, leaf))
            await store.apply(name, writes, at)
        except LeafRefused as refused:
            raise DeploymentFailed(f"the configuration of {name} is not written whole: {refused}") from refused

    async def _refuse_install_only(self, components: Mapping[str, Component]) -> None:
        for name, component in components.items():
            if not _PROCESS_STEPS & component.lifecycle.steps.keys():
                _log.info("a component without a process is waited for", extra={"component": name})
                await asyncio.sleep(_INSTALL_ONLY_WAIT)
                raise DeploymentFailed(f"{name} has no run and no startup: lite would time out. Give it a run.")
