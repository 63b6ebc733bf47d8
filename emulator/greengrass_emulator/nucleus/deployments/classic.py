"""A deployment as classic carries it out: resolve, prepare, notify, validate, merge, wait, and roll back on failure.

DeploymentConfigMerger.java, activator/DefaultActivator.java; for the order see
docs/greengrass-facts.md, "Order of a deployment".
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from greengrass_emulator.json_value import JsonObject, JsonPath
from greengrass_emulator.nucleus.configuration.changes import differences, resolved
from greengrass_emulator.nucleus.deployments.device import Device
from greengrass_emulator.nucleus.deployments.document import Deployment
from greengrass_emulator.nucleus.deployments.resolution import Candidates, resolve
from greengrass_emulator.nucleus.errors import DeploymentFailed
from greengrass_emulator.nucleus.lifecycle.states import State
from greengrass_emulator.nucleus.recipes.component import Component
from greengrass_emulator.nucleus.recipes.variables import Neighbour, Variables

_log = logging.getLogger(__name__)
_LIVING = frozenset({State.STARTING, State.RUNNING})


@dataclass(frozen=True, slots=True)
class _Before:
    """The device's state before the merge."""

    components: Mapping[str, Component]
    users: Mapping[str, str | None]
    configuration: Mapping[str, JsonObject]
    times: Mapping[str, Mapping[str, float]]


class ClassicDeployer:
    """Carries out one deployment at a time."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.is_merging = False

    async def deploy(self, deployment: Deployment, candidates: Candidates) -> None:
        """Carry a deployment out; return once it has succeeded. Raises DeploymentFailed with the detailed status."""
        device = self._device
        targets = device.wanted_targets(deployment)
        components = await resolve({name: each.roots for name, each in targets.items()}, candidates, device.runtime)
        for component in components.values():
            await device.preparation.prepare(component)
        if deployment.notifies:
            await device.updates.before(deployment.id, deployment.notification_timeout)
        # Only now: components may have changed their configuration during validation.
        configurations = self._next_configurations(deployment, components)
        users = device.wanted_users(deployment, components)
        await self._validate(deployment, components, configurations)
        before = self._before()
        since = device.clock.passed()
        self.is_merging = True
        device.journal.merge(before.configuration, before.times)
        try:
            await self._merge(deployment, components, configurations, users)
            await device.until_well(components, since)
        except DeploymentFailed as error:
            raise await self._after_failure(deployment, before, components, users, error) from error
        finally:
            self.is_merging = False
        await device.services.remove(name for name in before.components if name not in components)
        for name in device.configuration.components() - components.keys():
            device.configuration.drop(name)
        device.keep(components, targets, users)
        device.clean(keep_previous=True)
        device.updates.after(deployment.id)

    def _before(self) -> _Before:
        device = self._device
        return _Before(
            {each.name: each.component for each in device.services.all()},
            {each.name: each.plan.posix_user for each in device.services.all()},
            {name: device.configuration.of(name) for name in device.configuration.components()},
            {name: device.configuration.times_of(name) for name in device.configuration.components()},
        )

    def _next_configurations(
        self, deployment: Deployment, components: Mapping[str, Component]
    ) -> dict[str, JsonObject]:
        device = self._device
        configurations: dict[str, JsonObject] = {}
        created_at = device.clock.now() if deployment.created_at is None else deployment.created_at

        def is_younger(name: str, path: JsonPath) -> bool:
            return device.configuration.changed_at(name, path) > created_at

        for name, component in components.items():
            wanted = deployment.components.get(name)
            configurations[name] = resolved(
                device.configuration.of(name),
                wanted.reset if wanted else (),
                component.defaults,
                wanted.merge if wanted else {},
                partial(is_younger, name),
            )
        if device.interpolate:
            return {
                name: self._variables(components[name], components, configurations).fill_configuration(value)
                for name, value in configurations.items()
            }
        return configurations

    def _variables(
        self, component: Component, components: Mapping[str, Component], configurations: Mapping[str, JsonObject]
    ) -> Variables:
        def neighbour(name: str) -> Neighbour:
            return Neighbour(name, components[name].version, configurations[name])

        device = self._device
        return Variables(
            device.runtime,
            device.services.root,
            device.thing,
            neighbour(component.name),
            {name: neighbour(name) for name in component.dependencies if name in components},
        )

    async def _validate(
        self,
        deployment: Deployment,
        components: Mapping[str, Component],
        configurations: Mapping[str, JsonObject],
    ) -> None:
        device = self._device
        running = {each.name: each for each in device.services.all()}
        changed = {
            name: configuration
            for name, configuration in configurations.items()
            if name in running
            and running[name].component.version == components[name].version
            and device.configuration.of(name) != configuration
        }
        living = frozenset(name for name, each in running.items() if each.state in _LIVING)
        await device.validation.check(deployment.validation_id, changed, living, deployment.validation_timeout)

    async def _merge(
        self,
        deployment: Deployment,
        components: Mapping[str, Component],
        configurations: Mapping[str, JsonObject],
        users: Mapping[str, str],
    ) -> None:
        device = self._device
        for name in components:
            device.configuration.restore(name)
            current = device.configuration.of(name)
            changes = differences(current, configurations[name])
            await device.configuration.apply(name, changes, deployment.created_at)
        for name, component in components.items():
            device.services.put(component, users.get(name))

    async def _after_failure(
        self,
        deployment: Deployment,
        before: _Before,
        components: Mapping[str, Component],
        users: dict[str, str],
        error: DeploymentFailed,
    ) -> DeploymentFailed:
        if not deployment.rolls_back:
            # The merged configuration stays, although it failed.
            self._device.keep(components, self._device.memory.state.targets, users)
            return _failed(error, "FAILED_ROLLBACK_NOT_REQUESTED")
        _log.warning("a deployment is rolled back", extra={"deployment": deployment.id, "reason": str(error)})
        try:
            await self._roll_back(before, components)
        except DeploymentFailed as second:
            return _failed(error, "FAILED_UNABLE_TO_ROLLBACK", f"; and the way back failed: {second}")
        return _failed(error, "FAILED_ROLLBACK_COMPLETE")

    async def _roll_back(self, before: _Before, components: Mapping[str, Component]) -> None:
        """Restore the old values without validation or notification (DeploymentActivator.java:67-90)."""
        device = self._device
        since = device.clock.passed()
        await device.services.remove(name for name in components if name not in before.components)
        for name in components.keys() - before.configuration.keys():
            device.configuration.drop(name)
        for name, configuration in before.configuration.items():
            await device.configuration.apply(name, differences(device.configuration.of(name), configuration))
            device.configuration.put_times_back(name, before.times[name])
        for name, component in before.components.items():
            device.services.put(component, before.users.get(name), restored=True)
        await device.until_well(before.components, since)
        device.memory.write()


def _failed(error: DeploymentFailed, detailed: str, more: str = "") -> DeploymentFailed:
    return DeploymentFailed(f"{error}{more}", *error.codes[1:], detailed=detailed)
