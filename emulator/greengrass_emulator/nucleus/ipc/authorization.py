"""Who may do what by IPC: the ``accessControl`` of a component's running configuration.

AWS's page on IPC authorization: a policy names operations and resources; ``*`` in a resource stands for any text,
``+`` and ``#`` for MQTT's levels. Operations on configuration, and UpdateState, need no policy.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from greengrass_emulator.json_value import JsonObject, JsonValue
from greengrass_emulator.nucleus.configuration.store import ConfigurationStore
from greengrass_emulator.nucleus.ipc.answers import UnauthorizedError
from greengrass_emulator.nucleus.runtimes import Runtime

PUBSUB = "aws.greengrass.ipc.pubsub"
MQTT_PROXY = "aws.greengrass.ipc.mqttproxy"
LIFECYCLE = "aws.greengrass.ipc.lifecycle"
CLI = "aws.greengrass.Cli"


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


def check_access(
    configuration: JsonObject,
    service: str,
    operation: str,
    resource: str,
    *,
    component: str,
    thing: str | None,
) -> None:
    """Raise UnauthorizedError unless a policy allows the operation on the resource.

    ``thing``: its name, where the runtime fills ``{iot:thingName}`` in.
    """
    for policy in _policies(configuration, service):
        operations = _texts(policy.get("operations"))
        if "*" not in operations and f"aws.greengrass#{operation}" not in operations:
            continue
        for allowed in _texts(policy.get("resources")):
            written = allowed if thing is None else allowed.replace("{iot:thingName}", thing)
            if _pattern(written).fullmatch(resource):
                return
    raise UnauthorizedError(
        f"Principal {component} is not authorized to perform {service}:aws.greengrass#{operation} "
        f"on resource {resource}"
    )


def _policies(configuration: JsonObject, service: str) -> Iterator[JsonObject]:
    control = configuration.get("accessControl")
    policies = control.get(service) if isinstance(control, dict) else None
    if isinstance(policies, dict):
        yield from (policy for policy in policies.values() if isinstance(policy, dict))


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


@lru_cache(maxsize=512)
def _pattern(resource: str) -> re.Pattern[str]:
    levels = resource.split("/")
    parts: list[str] = []
    for place, level in enumerate(levels):
        if level == "#" and place == len(levels) - 1:
            # MQTT: a filter that ends with /# takes in its parent as well.
            return re.compile("/".join(parts) + "(?:/.*)?" if parts else ".*", re.DOTALL)
        # A filter with # asks for more than one level, so + does not allow it.
        parts.append("[^/#]*" if level == "+" else ".*".join(re.escape(part) for part in level.split("*")))
    return re.compile("/".join(parts), re.DOTALL)
