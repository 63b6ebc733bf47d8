"""Tables of resources: an operation's name, and the ARNs that its parameters name.

A template is the part of an ARN behind the account, with ``{parameter}`` in it (``thing/{thingName}``), or
``@parameter`` where the parameter is itself an ARN or a list of ARNs. A template without a value is left out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from greengrass_emulator.iam.actions.operations import Operation
from greengrass_emulator.iam.requests import partition_of_region

_PARAMETER = re.compile(r"\{(\w+)\}")
ANY = "*"
"""The resource of an action that takes none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Account and region of resources that a request names without an ARN. ``region`` is empty for a global service."""

    service: str
    region: str
    account: str
    partition: str = ""

    def arn(self, rest: str) -> str:
        """The ARN of a resource here."""
        partition = self.partition or partition_of_region(self.region)
        return f"arn:{partition}:{self.service}:{self.region}:{self.account}:{rest}"


def named_resources(table: Mapping[str, tuple[str, ...]], operation: Operation, place: Place) -> tuple[str, ...]:
    """Return the ARNs that an operation's parameters name; ``*`` if there are none, or no table has the operation."""
    found = [arn for template in table.get(operation.name, ()) for arn in _filled(template, operation, place)]
    return tuple(dict.fromkeys(found)) or (ANY,)


def owner_of(arn: str, otherwise: str) -> str:
    """Return the account in an ARN, or ``otherwise`` if the ARN has none (``*``, an S3 bucket)."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else otherwise


def _filled(template: str, operation: Operation, place: Place) -> Iterable[str]:
    if template.startswith("@"):
        name = template[1:]
        text = operation.text(name)
        candidates = (text,) if text else operation.texts(name)
        return tuple(arn for arn in candidates if arn.startswith("arn:"))
    values = {name: operation.text(name) for name in _PARAMETER.findall(template)}
    if not all(values.values()):
        return ()
    return (place.arn(_PARAMETER.sub(lambda match: str(values[match[1]]), template)),)
