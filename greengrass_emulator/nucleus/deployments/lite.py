"""A deployment as lite carries it out: component by component, and never back (deployment_handler.c:3223-3509).

Each component is downloaded, then reset, given defaults, and merged as separate writes, before the next one is
looked at; only then are they started. No validation, no notification, no rollback: neither policy is read.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from greengrass_emulator.nucleus.configuration.changes import Removed, key_path
from greengrass_emulator.nucleus.configuration.lite_writes import LeafRefused, lite_writes
from greengrass_emulator.nucleus.deployments.device import Device
from greengrass_emulator.nucleus.deployments.document import Deployment
from greengrass_emulator.nucleus.deployments.resolution import Candidates, resolve
from greengrass_emulator.nucleus.errors import DeploymentFailed, StepFailed
from greengrass_emulator.nucleus.lite_sizes import fault_of_write
from greengrass_emulator.nucleus.recipes.component import Component

_log = logging.getLogger(__name__)
_PROCESS_STEPS = frozenset({"run", "startup"})
_INSTALL_ONLY_WAIT = 300.0


class LiteDeployer:
    """Carries out one deployment at a time."""

    def __init__(self, device: Device) -> None:
        self._device = device
        # It changes the device from its first component on.
        self.is_merging = True

    async def deploy(self, deployment: Deployment, candidates: Candidates) -> None:
        """Return when it has succeeded. Raises DeploymentFailed; what was done until then stays."""
        device = self._device
        targets = device.wanted_targets(deployment)
        components = await resolve({name: each.roots for name, each in targets.items()}, candidates, device.runtime)
        for component in components.values():
            await device.preparation.prepare(component)
            self._hand_over(component)
            await self._configure(component, deployment)
        since = device.clock.passed()
        for component in components.values():
            if not component.lifecycle.steps:
                raise DeploymentFailed(f"{component.name} has no lifecycle step: lite refuses it. Give it a run.")
            self._start(component, deployment)
        self._remember(components)
        await device.until_well(components, since)
        await self._refuse_install_only(components)
        await device.services.remove([each.name for each in device.services.all() if each.name not in components])
        for name in device.configuration.components() - components.keys():
            device.configuration.drop(name)
        device.keep(components, targets, {})
        device.clean(keep_previous=False)

    def _hand_over(self, component: Component) -> None:
        """Lite makes files their user's as soon as they are there (its release notes 2.5.0)."""
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
        # A default has the time 0, and so replaces an older default, and nothing else (deployment_handler.c).
        await self._write(name, component.defaults, 0.0, dated=True)
        if wanted is not None:
            await self._write(name, wanted.merge, store.clock.now(), dated=False)

    async def _write(self, name: str, value: Mapping[str, Any], at: float, *, dated: bool) -> None:
        store = self._device.configuration
        if (fault := fault_of_write(name, value, dated=dated)) is not None:
            raise DeploymentFailed(f"the configuration of {name} is not written: {fault}. Split it, or write less.")
        try:
            writes = lite_writes(store.of(name), value, at, lambda leaf: store.written_at(name, leaf))
            await store.apply(name, writes, at)
        except LeafRefused as refused:
            raise DeploymentFailed(f"the configuration of {name} is not written whole: {refused}") from refused

    def _start(self, component: Component, deployment: Deployment) -> None:
        services = self._device.services
        was_there = services.get(component.name) is not None
        service = services.put(component)
        wanted = deployment.components.get(component.name)
        if was_there and not service.is_asked and wanted is not None and wanted.configures:
            # Changed or not: a deployment that carries configurationUpdate restarts the component.
            services.restart(component.name)

    async def _refuse_install_only(self, components: Mapping[str, Component]) -> None:
        for name, component in components.items():
            if not _PROCESS_STEPS & component.lifecycle.steps.keys():
                _log.info("a component without a process is waited for", extra={"component": name})
                await asyncio.sleep(_INSTALL_ONLY_WAIT)
                raise DeploymentFailed(f"{name} has no run and no startup: lite waits for it in vain. Give it a run.")

    def _remember(self, components: Mapping[str, Component]) -> None:
        """A broken component and its merged configuration stay, so they are there after a restart as well."""
        state = self._device.memory.state
        state.versions.update({name: component.version for name, component in components.items()})
        self._device.memory.write()
