"""Access control by the running configuration, checked before each operation."""

from dataclasses import dataclass

from greengrass_emulator.nucleus.configuration.store import ConfigurationStore
from greengrass_emulator.nucleus.ipc.authorization import CLI, check_access
from greengrass_emulator.nucleus.runtimes import Runtime


@dataclass(frozen=True, slots=True)
class Access:
    """Checks components' operations. ``{iot:thingName}`` is filled in here only on lite: classic does it in the
    configuration itself, and only if it is set to."""

    configuration: ConfigurationStore
    runtime: Runtime
    thing: str

    def check(self, component: str, service: str, operation: str, resource: str) -> None:
        """Raise UnauthorizedError unless it is allowed. The command line's token may do its own operations."""
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
