"""Access control over the running configuration: asked before an operation is done."""

from dataclasses import dataclass

from greengrass_emulator.nucleus.configuration.store import ConfigurationStore
from greengrass_emulator.nucleus.ipc.authorization import CLI, check_access
from greengrass_emulator.nucleus.runtimes import Runtime


@dataclass(frozen=True, slots=True)
class Access:
    """Checks operations of components. ``{iot:thingName}`` is filled in here on lite only: classic does it in the
    configuration itself, and only on demand."""

    configuration: ConfigurationStore
    runtime: Runtime
    thing: str

    def check(self, component: str, service: str, operation: str, resource: str) -> None:
        """Raises UnauthorizedError. The command line's own token may do what is the command line's."""
        if component == CLI and service == CLI:
            return
        check_access(
            self.configuration.look_at(component),
            service,
            operation,
            resource,
            component=component,
            thing=self.thing if self.runtime.interpolates_access_control else None,
        )
