"""The rule that a device gets our components from one target only, checked before a deployment is made.

A device intersects the exact versions that all its groups' deployments name, so two of them with different versions of
one component fail it (docs/greengrass-facts.md, "Thing groups and resolution").
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from cloud_publisher.errors import WrongUseError
from cloud_publisher.fleet.devices import Execution
from shared_schema.diagnostics import first_few

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Conflict:
    """A device that gets components of ours from another target's deployment too."""

    thing: str
    target_arn: str
    deployment_id: str
    components: tuple[str, ...]


def conflicts(
    executions: Mapping[str, Iterable[Execution]],
    target_arn: str,
    ours: Collection[str],
    components_of: Callable[[str], Collection[str]],
) -> list[Conflict]:
    """Return every conflict of the devices (by thing). ``components_of`` is called once for each deployment."""
    known: dict[str, Collection[str]] = {}
    found: list[Conflict] = []
    for thing, of_device in executions.items():
        for execution in of_device:
            if execution.target_arn == target_arn:
                continue
            if execution.deployment_id not in known:
                known[execution.deployment_id] = components_of(execution.deployment_id)
            shared = tuple(sorted(set(known[execution.deployment_id]) & set(ours)))
            if shared:
                found.append(Conflict(thing, execution.target_arn, execution.deployment_id, shared))
    return found


def refuse_conflicts(found: list[Conflict]) -> None:
    """Raise ``WrongUseError`` if there is any conflict; the message names the first few."""
    if not found:
        return
    devices = (
        f"{each.thing} gets {', '.join(each.components)} from {each.target_arn} (deployment {each.deployment_id})"
        for each in found
    )
    raise WrongUseError(
        "a device may get the release's components from one target only, and these get them from another too:\n"
        + "\n".join(first_few(devices, _SHOWN)),
        "take the device out of one of the groups, or deploy to the other target instead",
    )
