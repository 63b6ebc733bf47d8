"""What a service and its steps need of the nucleus that hosts them. ``Services`` implements it."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from greengrass_emulator.nucleus.clock import DeviceClock
from greengrass_emulator.nucleus.lifecycle.processes import GroupReaper
from greengrass_emulator.nucleus.lifecycle.run_as import Identities, Identity
from greengrass_emulator.nucleus.lifecycle.states import State
from greengrass_emulator.nucleus.recipes.component import Component, Lifecycle
from greengrass_emulator.nucleus.runtimes import Runtime

if TYPE_CHECKING:
    from greengrass_emulator.nucleus.lifecycle.service import Service


class ServiceHost(Protocol):
    """The nucleus, as a service sees it."""

    runtime: Runtime
    reaper: GroupReaper
    clock: DeviceClock
    identities: Identities

    def fill(self, component: Component) -> Lifecycle:
        """Return the lifecycle with its variables filled in from the running configuration."""

    def environment(self, token: str) -> dict[str, str]: ...

    def token_of(self, name: str) -> str:
        """Return a component's SVCUID: the same until it is removed, or a lite device's ggipcd restarts."""

    def work_folder(self, component: str) -> Path: ...

    def log_file(self, component: str) -> Path: ...

    def hand_over_files(self, component: Component, owner: Identity) -> None:
        """Give the component's user its unpacked files. Called before each of its own steps."""

    def dependencies_ready(self, component: Component) -> bool: ...

    def state_changed(self, service: "Service", before: State) -> None: ...
