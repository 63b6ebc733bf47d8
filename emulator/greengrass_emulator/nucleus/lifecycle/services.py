"""All components of a device, their dependencies, and the effects of one's state on others.

It starts and ends every service. Deployments decide which components there are.
"""

import asyncio
import base64
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from greengrass_emulator.nucleus.clock import DeviceClock
from greengrass_emulator.nucleus.lifecycle.process_owners import component_of_process
from greengrass_emulator.nucleus.lifecycle.processes import GroupReaper
from greengrass_emulator.nucleus.lifecycle.restart_rules import request_for_deployment, request_for_key_path
from greengrass_emulator.nucleus.lifecycle.run_as import Identities, Identity
from greengrass_emulator.nucleus.lifecycle.service import Service, StateListener
from greengrass_emulator.nucleus.lifecycle.states import SUPPORTS_DEPENDENTS, LifecycleRequest, State
from greengrass_emulator.nucleus.lifecycle.steps import Plan
from greengrass_emulator.nucleus.recipes.component import Component, Lifecycle
from greengrass_emulator.nucleus.runtimes import Runtime

_log = logging.getLogger(__name__)
_MOST_TOKENS = 10_000
"""Tokens to remember, so that a process with an old token is known."""


@dataclass(frozen=True, slots=True)
class NucleusCallbacks:
    """What services need of the rest of the nucleus."""

    fill: Callable[[Component], Lifecycle]
    environment: Callable[[str], dict[str, str]]
    hand_over_files: Callable[[Component, Identity], None]


@dataclass(slots=True)
class Services:
    """The living components by name, and the host of each."""

    runtime: Runtime
    root: Path
    reaper: GroupReaper
    clock: DeviceClock
    identities: Identities
    callbacks: NucleusCallbacks
    listeners: list[StateListener] = field(default_factory=list)
    _services: dict[str, Service] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)
    _given: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> Service | None:
        return self._services.get(name)

    def all(self) -> tuple[Service, ...]:
        return tuple(self._services.values())

    def component_of(self, token: str) -> str | None:
        """Return the component with this SVCUID, or None."""
        return next((name for name, each in self._tokens.items() if each == token), None)

    def component_of_process(self, pid: int) -> str | None:
        """Return the component on this device to which a process belongs, whatever its user, or None."""
        steps = {each.pid: each.name for each in self._services.values() if each.pid is not None}
        found = component_of_process(pid, steps, self._given.get)
        return found if found in self._services else None

    def forget_tokens(self) -> None:
        """Make all tokens invalid, as a restart of ggipcd does."""
        self._tokens.clear()

    def place(self, component: Component, *, begins: bool) -> Service:
        """Add a lite component without starting it; a running one goes on, with the new version as its plan.

        systemd has read its new unit file: any start from now on is one of the new version.
        """
        plan = Plan(component, component.lifecycle)
        service = self._services.get(component.name)
        if service is None:
            service = self._services[component.name] = Service(plan, self, resumed=True)
        else:
            service.change(plan, None)
        if begins and not service.has_begun:
            service.is_linked = True
            service.begin()
        return service

    def start_unit(self, component: Component) -> None:
        """Stop a lite component's process, if there is one, and start its run unit, and the units bound to it."""
        service = self.place(component, begins=False)
        service.is_linked = True
        if service.has_begun:
            service.ask(LifecycleRequest.RESTART)
            self._restart_bound(component.name)
        else:
            service.begin()

    def forgive(self) -> None:
        """Reset the error counts of all components."""
        for service in self._services.values():
            service.forgive()

    def put(
        self,
        component: Component,
        posix_user: str | None = None,
        *,
        resumed: bool = False,
        restored: bool = False,
    ) -> Service:
        """Start a new component, or change an existing one as its recipe's change requires.

        ``posix_user`` is the user that its deployment names. ``resumed``: an earlier process of this nucleus has
        deployed it. ``restored``: a deployment is being rolled back.
        """
        lifecycle = self.callbacks.fill(component)
        stored = self.runtime.numbers_change_when_stored and (resumed or restored)
        plan = Plan(component, lifecycle, posix_user, stored)
        service = self._services.get(component.name)
        if service is None:
            service = self._services[component.name] = Service(plan, self, resumed=resumed)
            service.begin()
        else:
            request = request_for_deployment(service.plan, plan)
            if request is None and service.state is State.BROKEN:
                # A deployment gives a broken component another chance.
                request = LifecycleRequest.REINSTALL
            service.change(plan, request)
        return service

    def configuration_changed(self, name: str, path: tuple[str, ...]) -> None:
        """React to a leaf of a component's configuration that changed, or was removed with all below it."""
        service = self._services.get(name)
        if service is None or not self.runtime.restarts_by_keys_of_configuration:
            return
        request = request_for_key_path((name, "configuration", *path))
        if request is not None:
            _log.info(
                "a changed key restarts its component",
                extra={"component": name, "key": "/".join(path), "request": request},
            )
            service.ask(LifecycleRequest.REINSTALL if service.state is State.BROKEN else request)

    def restart(self, name: str) -> None:
        service = self._services[name]
        service.ask(LifecycleRequest.REINSTALL if service.state is State.BROKEN else LifecycleRequest.RESTART)

    async def remove(self, names: Iterable[str]) -> None:
        """Stop components, dependents first, and forget them."""
        for name in _dependents_first(names, self._services):
            service = self._services.get(name)
            if service is not None:
                await service.close(uninstall=True)
                del self._services[name]
                self._tokens.pop(name, None)
                _log.info("a component is removed", extra={"component": name})

    async def stop_all(self) -> None:
        """Stop all components at the same time."""
        await asyncio.gather(*(service.close() for service in self._services.values()))
        self._services.clear()

    # What a service asks of its host (``ServiceHost``).

    def fill(self, component: Component) -> Lifecycle:
        return self.callbacks.fill(component)

    def environment(self, token: str) -> dict[str, str]:
        return self.callbacks.environment(token)

    def hand_over_files(self, component: Component, owner: Identity) -> None:
        self.callbacks.hand_over_files(component, owner)

    def token_of(self, name: str) -> str:
        if name not in self._tokens:
            self._tokens[name] = self._new_token(name)
        return self._tokens[name]

    def _new_token(self, component: str) -> str:
        # Lite: 12 bytes in base64 (ggipcd/src/ipc_components.c).
        made = base64.b64encode(secrets.token_bytes(12)).decode() if self.runtime.admits_by_unit else ""
        token = made or secrets.token_hex(16)
        while len(self._given) >= _MOST_TOKENS:
            del self._given[next(iter(self._given))]
        self._given[token] = component
        return token

    def work_folder(self, component: str) -> Path:
        return self.root / "work" / component

    def log_file(self, component: str) -> Path:
        return self.root / "logs" / f"{component}.log"

    def dependencies_ready(self, component: Component) -> bool:
        for name in component.hard_dependencies:
            service = self._services.get(name)
            if service is not None and (service.state not in SUPPORTS_DEPENDENTS or service.is_asked):
                return False
        return True

    def state_changed(self, service: Service, before: State) -> None:
        for dependent in self._services.values():
            if service.name in dependent.component.hard_dependencies:
                self._shake(dependent, service)
        for each in self.listeners:
            each(service, before)

    def _shake(self, dependent: Service, dependency: Service) -> None:
        if dependent.state not in {State.STARTING, State.RUNNING} or dependent.is_asked:
            return
        if self.runtime.waits_for_hard_dependencies:
            if dependency.state not in SUPPORTS_DEPENDENTS:
                dependent.ask(LifecycleRequest.RESTART)
        elif dependency.state in {State.FINISHED, State.ERRORED, State.BROKEN}:
            # systemd's BindsTo: the unit that it is bound to has ended.
            dependent.ask(LifecycleRequest.HALT)

    def _restart_bound(self, name: str) -> None:
        for dependent in self._services.values():
            if name in dependent.component.hard_dependencies:
                dependent.ask(LifecycleRequest.RESTART)


def _dependents_first(names: Iterable[str], services: Mapping[str, Service]) -> list[str]:
    remaining = dict.fromkeys(names)
    ordered: list[str] = []
    while remaining:
        free = [
            name
            for name in remaining
            if not any(name in services[other].component.dependencies for other in remaining if other in services)
        ]
        for name in free or list(remaining):
            ordered.append(name)
            del remaining[name]
    return ordered
