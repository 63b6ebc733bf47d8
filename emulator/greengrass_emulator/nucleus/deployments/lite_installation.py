"""Bootstrap and install on lite: they have units of their own, while the old version runs on without a unit.

Before a component is installed, its run unit is not stopped, but disabled and unlinked: ``.install`` is added to the
name for ``stop`` only (ggdeploymentd/src/stale_component.c, disable_and_unlink_service). From then on systemd starts
neither version, not even after a crash or a reboot, until the deployment links the run unit again. A failed deployment
never does.
"""

import asyncio
import logging
from collections.abc import Sequence

from greengrass_emulator.nucleus.deployments.device import Device
from greengrass_emulator.nucleus.deployments.lite_units import LiteUnits
from greengrass_emulator.nucleus.errors import DeploymentFailed, StepFailed
from greengrass_emulator.nucleus.lifecycle.states import BOOTSTRAP_SUCCESSES, State
from greengrass_emulator.nucleus.lifecycle.steps import Plan, Steps
from greengrass_emulator.nucleus.lifecycle.tolerance import ByStarts
from greengrass_emulator.nucleus.recipes.component import Component

_log = logging.getLogger(__name__)
_SUCCESS = frozenset({0})


class LiteInstallation:
    """The steps of one deployment before its run units start."""

    def __init__(self, device: Device, units: LiteUnits) -> None:
        self._device = device
        self._units = units

    async def run(self, components: Sequence[Component]) -> None:
        """Bootstrap, which restarts the device, then install. Raises DeploymentFailed."""
        await self._bootstrap(components)
        installed = [each for each in components if self._units.of(each.name).install]
        if not installed:
            return
        for each in installed:
            self._unlink(each)
        self._read_units_again(components)
        outcomes = await asyncio.gather(
            *(self._install(each.name, self._units.of(each.name).install) for each in installed), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _bootstrap(self, components: Sequence[Component]) -> None:
        done = self._device.journal.bootstrapped
        waiting = [each for each in components if self._units.of(each.name).bootstrap and each.name not in done]
        for each in waiting:
            self._unlink(each)
            version = self._units.of(each.name).bootstrap
            try:
                await self._step(each.name, version, "bootstrap", BOOTSTRAP_SUCCESSES)
            except StepFailed as error:
                # bootstrap_manager.c continues and restarts the device, whatever the result.
                _log.error("a bootstrap failed", extra={"component": each.name, "reason": str(error)})
        if waiting:
            self._device.journal.bootstrap([each.name for each in waiting])
            self._device.reboot()
            # The next nucleus continues the deployment.
            await asyncio.Event().wait()

    def _unlink(self, component: Component) -> None:
        self._units.link(component.name, False)
        service = self._device.services.place(component, begins=False)
        service.is_linked = False

    def _read_units_again(self, components: Sequence[Component]) -> None:
        """``systemctl daemon-reload``: from now on a start is one of the new version."""
        for each in components:
            self._device.services.place(each, begins=False)

    async def _install(self, name: str, version: str) -> None:
        tolerance = ByStarts()
        while True:
            tolerance.starts(State.NEW, self._device.clock.passed())
            try:
                await self._step(name, version, "install", _SUCCESS)
            except StepFailed as error:
                if tolerance.fails(State.NEW, self._device.clock.passed()):
                    raise DeploymentFailed(
                        f"{name} {version} is not installed: {error}. What ran of it runs on, and is not started "
                        f"again. Its log is logs/{name}.log."
                    ) from error
                await asyncio.sleep(self._device.runtime.pause_before_retry)
            else:
                return

    async def _step(self, name: str, version: str, step: str, successes: frozenset[int]) -> None:
        """Run a step of the version in the unit file, which may differ from the deployment's."""
        component = self._device.packages.find(name, version)
        if component is None or step not in component.lifecycle.steps:
            raise StepFailed(f"the recipe of {name} {version}, which its {step} unit runs, is gone")
        lifecycle = self._device.services.fill(component)
        plan = Plan(component, component.lifecycle)
        steps = Steps(self._device.services)
        await steps.to_its_end(step, lifecycle.steps[step], plan, lifecycle, successes)
