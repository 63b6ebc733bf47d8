"""What an operation is about: the resources and tags that its parameters name, and what only the accounts know of it.

Tables of resources have templates by operation. A template is the part of an ARN behind the account, with
``{parameter}`` in it (``thing/{thingName}``), or ``@parameter`` where the parameter is itself an ARN or a list of ARNs.
A template without a value is left out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

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
        """Return the ARN of a resource here."""
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


def request_tags(operation: Operation) -> dict[str, str]:
    """Read tags from a map, a list of ``Key`` and ``Value``, or a query's ``Tags.member.1.Key``."""
    given = operation.parameters.get("tags", operation.parameters.get("Tags"))
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    if isinstance(given, list):
        pairs = [each for each in given if isinstance(each, Mapping)]
        return {
            str(each.get("Key", each.get("TagKey"))): str(each.get("Value", each.get("TagValue", ""))) for each in pairs
        }
    keys = {name: value for name, value in operation.parameters.items() if name.startswith("Tags.member.")}
    return {
        str(value): str(keys.get(f"{name.removesuffix('Key')}Value", ""))
        for name, value in keys.items()
        if name.endswith(".Key")
    }


def tag_context(tags: Mapping[str, str], removed: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Return the condition keys of the tags that are set, and of the tag keys that are removed."""
    names = (*tags, *removed)
    if not names:
        return {}
    return {f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()} | {"aws:tagkeys": names}


@dataclass(frozen=True, slots=True)
class Encryption:
    """A KMS key that S3 uses, by ARN, and whether there is a bucket key (then the context is the bucket)."""

    key_arn: str
    bucket_key: bool = False


class Lookups(Protocol):
    """What the accounts know and a request does not contain.

    Each function returns None for what does not exist, and raises nothing.
    """

    def bucket_owner(self, bucket: str) -> str | None:
        """Return the account that owns a bucket."""

    def bucket_encryption(self, bucket: str) -> Encryption | None:
        """Return the key of a bucket's default encryption, if that is a KMS key."""

    def object_encryption(self, bucket: str, key: str, version: str | None) -> Encryption | None:
        """Return the KMS key that an object is encrypted with."""

    def upload_encryption(self, bucket: str, upload_id: str) -> Encryption | None:
        """Return the KMS key that a multipart upload was begun with."""

    def key_arn(self, account: str, region: str, name: str) -> str | None:
        """Return the ARN of the key that an id, an ARN, an alias or an alias's ARN means in an account."""

    def key_of_ciphertext(self, ciphertext: bytes) -> str | None:
        """Return the ARN of the key that made a ciphertext, in whatever account."""

    def deployment_target(self, account: str, deployment_id: str) -> str | None:
        """Return the ARN of the thing or thing group that a deployment is for."""
