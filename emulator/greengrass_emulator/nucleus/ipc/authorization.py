"""Who may do what by IPC: the ``accessControl`` of a component's running configuration.

AWS's page on IPC authorization: a policy names operations and resources; ``*`` in a resource stands for any text,
``+`` and ``#`` for MQTT's levels. Operations on configuration, and UpdateState, need no policy.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from greengrass_emulator.nucleus.ipc.answers import UnauthorizedError

PUBSUB = "aws.greengrass.ipc.pubsub"
MQTT_PROXY = "aws.greengrass.ipc.mqttproxy"
LIFECYCLE = "aws.greengrass.ipc.lifecycle"
CLI = "aws.greengrass.Cli"


def check_access(
    configuration: Mapping[str, Any], service: str, operation: str, resource: str, *, component: str, thing: str | None
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


def _policies(configuration: Mapping[str, Any], service: str) -> Iterator[Mapping[str, Any]]:
    control = configuration.get("accessControl")
    policies = control.get(service) if isinstance(control, Mapping) else None
    if isinstance(policies, Mapping):
        yield from (policy for policy in policies.values() if isinstance(policy, Mapping))


def _texts(value: Any) -> tuple[str, ...]:
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
