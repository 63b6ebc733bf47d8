"""The device as a deployment sees it: its packages, configuration, services and state."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from greengrass_emulator.nucleus.clock import DeviceClock
from greengrass_emulator.nucleus.configuration.store import ConfigurationStore
from greengrass_emulator.nucleus.deployments.document import Deployment
from greengrass_emulator.nucleus.deployments.journal import Journal
from greengrass_emulator.nucleus.deployments.packages import PackageStore
from greengrass_emulator.nucleus.deployments.preparation import Preparation
from greengrass_emulator.nucleus.deployments.resolution import Candidates
from greengrass_emulator.nucleus.deployments.updates import ComponentUpdates
from greengrass_emulator.nucleus.deployments.validation import ConfigurationValidation
from greengrass_emulator.nucleus.errors import DeploymentFailed
from greengrass_emulator.nucleus.lifecycle.service import Service
from greengrass_emulator.nucleus.lifecycle.services import Services
from greengrass_emulator.nucleus.lifecycle.states import WELL, State
from greengrass_emulator.nucleus.recipes.component import Component
from greengrass_emulator.nucleus.runtimes import Runtime
from greengrass_emulator.nucleus.state import StateFile, TargetDeployment

_log = logging.getLogger(__name__)
_LOOK_AGAIN = 0.1
_SETTLED = 0.3
"""Seconds that a ``run`` must last to count. Classic looks once a second, so a component that ends at once is seen
BROKEN, not RUNNING (DeploymentConfigMerger.java:261-302)."""


@dataclass(frozen=True, slots=True)
class Device:
    """Everything that a deployment may change."""

    runtime: Runtime
    clock: DeviceClock
    thing: str
    interpolate: bool
    packages: PackageStore
    preparation: Preparation
    configuration: ConfigurationStore
    services: Services
    validation: ConfigurationValidation
    updates: ComponentUpdates
    memory: StateFile
    journal: Journal
    reboot: Callable[[], None]
    """Restart the device."""

    def wanted_targets(self, deployment: Deployment) -> dict[str, TargetDeployment]:
        """Return the device's targets if this deployment succeeds: the latest deployment of each target counts."""
        return {
            **self.memory.state.targets,
            deployment.target: TargetDeployment(
                kind=deployment.kind,
                deployment_id=deployment.id,
                configuration_arn=deployment.configuration_arn,
                roots=deployment.roots(),
            ),
        }

    async def until_well(self, names: Iterable[str], since: float) -> None:
        """Wait until the components are RUNNING or FINISHED. Raises DeploymentFailed if one is BROKEN after ``since``.

        ERRORED alone is not a failure, and there is no time-out (DeploymentConfigMerger.java:261-302).
        """
        changed = asyncio.Event()

        def listener(_service: Service, _before: State) -> None:
            changed.set()

        self.services.listeners.append(listener)
        try:
            while not self._all_well(tuple(names), since):
                changed.clear()
                try:
                    async with asyncio.timeout(_LOOK_AGAIN):
                        await changed.wait()
                except TimeoutError:
                    continue
        finally:
            self.services.listeners.remove(listener)

    def _all_well(self, names: Iterable[str], since: float) -> bool:
        well = True
        for name in names:
            service = self.services.get(name)
            if service is None or service.is_asked:
                well = False
                continue
            if service.state is State.BROKEN and service.changed_at >= since:
                raise DeploymentFailed(
                    f"{name} is BROKEN: {service.detail}. Its log is logs/{name}.log.",
                    "COMPONENT_UPDATE_ERROR",
                    "COMPONENT_BROKEN",
                )
            well = well and service.state in WELL and not self._has_just_begun(service)
        return well

    def _has_just_begun(self, service: Service) -> bool:
        is_run = service.state is State.RUNNING and "run" in service.lifecycle.steps
        return is_run and self.clock.passed() - service.changed_at < _SETTLED

    def wanted_users(self, deployment: Deployment, names: Iterable[str]) -> dict[str, str]:
        """Return the users that deployments, this one too, have named for components (KernelConfigResolver.java)."""
        here = frozenset(names)
        users = {name: user for name, user in self.memory.state.users.items() if name in here}
        for name, wanted in deployment.components.items():
            if wanted.limits_resources and self.runtime.reads_run_with:
                # LinuxSystemResourceController.java logs what cgroups refuse, and goes on.
                _log.error("systemResourceLimits are not applied: an emulated device has no cgroups of its own")
            if wanted.posix_user is not None and self.runtime.reads_run_with:
                users[name] = wanted.posix_user
        return {name: user for name, user in users.items() if user}

    def keep(
        self,
        components: Mapping[str, Component],
        targets: dict[str, TargetDeployment],
        users: dict[str, str],
    ) -> None:
        """Save what runs now, as which users, and what ran before."""
        state = self.memory.state
        state.users = users
        for name, version in state.versions.items():
            if name in components and components[name].version != version:
                state.previous[name] = version
        state.previous = {name: version for name, version in state.previous.items() if name in components}
        state.versions = {name: component.version for name, component in components.items()}
        state.targets = targets
        # In the same write: what is saved must not be undone at the next start.
        state.unfinished = None
        self.memory.write()

    def clean(self, keep_previous: bool) -> None:
        """Remove the versions from the disk that nothing needs any more."""
        state = self.memory.state
        keep = {name: {version} for name, version in state.versions.items()}
        if keep_previous:
            for name, version in state.previous.items():
                keep.setdefault(name, set()).add(version)
        self.packages.clean(keep)


@dataclass(frozen=True, slots=True)
class LocalThenCloud:
    """Finds versions in the device's own store, and in the cloud if the store has none that fits."""

    packages: PackageStore
    cloud: Candidates | None

    async def candidate(self, name: str, requirements: Mapping[str, str]) -> Component:
        try:
            return await self.packages.candidate(name, requirements)
        except DeploymentFailed:
            if self.cloud is None:
                raise
            return await self.cloud.candidate(name, requirements)
