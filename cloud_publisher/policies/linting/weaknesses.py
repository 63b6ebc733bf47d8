"""Weaknesses that no public linter finds: a bucket's name as a prefix, a bare root, a device that can deploy.

Pure: a document in, weaknesses out. The codes are what infra_policies/exceptions.yml names.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from cloud_publisher.policies.statements import Statement, statements_of
from shared_schema.diagnostics import Diagnostic, Place
from shared_schema.json_value import JsonObject

NO_RESOURCE_TAKEN = frozenset(
    {
        "greengrass:CreateDeployment",
        "greengrass:ListComponents",
        "greengrass:ListCoreDevices",
        "greengrass:ListDeployments",
    }
)
"""Actions for which the Service Authorization Reference (AWS IoT Greengrass V2) names no resource type."""

_BUCKET_PREFIX = re.compile(r"arn:[^:]+:s3:::[^/]*[*?][^/]*(/.*)?")
_ROOT = re.compile(r"AWS:(arn:[^:]+:iam::[^:]+:root|[0-9]{12}|\$\{[A-Za-z]+\})")
_HOLDS_A_PRINCIPAL = frozenset({"aws:principalarn", "sts:externalid", "aws:principalorgid", "aws:principaltag"})
_HOLDS_A_SERVICE = frozenset({"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid"})
_READS_KEYS = frozenset({"kms:decrypt", "kms:encrypt", "kms:generatedatakey", "kms:reencryptfrom", "kms:creategrant"})
_DEVICE_MAY = frozenset({"s3:getobject", "s3:getbucketlocation", "kms:decrypt"})
_DEVICE_MAY_OF = ("logs:",)


def weaknesses(name: str, document: JsonObject) -> list[Diagnostic]:
    """Return every weakness of a document; its name says its kind (``*.trust``, ``token-exchange-role``, …)."""
    return [
        Diagnostic(Place(name, path=(statement.sid,)), problem, remedy, code)
        for statement in statements_of(document)
        if statement.allows
        for code, (check, remedy) in _CHECKS.items()
        for problem in check(name, statement)
    ]


def _wildcard_action(_: str, statement: Statement) -> Iterator[str]:
    yield from (f"the action {action} allows more than is named" for action in statement.actions if "*" in action)


def _wildcard_resource(name: str, statement: Statement) -> Iterator[str]:
    if name == "artifact-key" or "*" not in statement.resources:
        return  # in a key's policy "*" is the key itself
    for action in statement.actions:
        if action not in NO_RESOURCE_TAKEN:
            yield f"{action} takes a resource, and is allowed on *"


def _bucket_prefix(_: str, statement: Statement) -> Iterator[str]:
    for resource in statement.resources:
        if _BUCKET_PREFIX.fullmatch(resource):
            yield f"{resource} also matches every bucket whose name begins so, anybody's among them"


def _bare_root(_: str, statement: Statement) -> Iterator[str]:
    if statement.condition_keys() & _HOLDS_A_PRINCIPAL:
        return
    for principal in statement.principals:
        if _ROOT.fullmatch(principal) and not principal.endswith("RoleArn}"):
            yield f"{principal.removeprefix('AWS:')} is a whole account, and no condition holds it to a role"


def _anybody(_: str, statement: Statement) -> Iterator[str]:
    if "*" in statement.principals or "AWS:*" in statement.principals:
        yield "everybody is allowed"


def _bare_service(name: str, statement: Statement) -> Iterator[str]:
    if not name.endswith(".trust") or statement.condition_keys() & _HOLDS_A_SERVICE:
        return
    for principal in statement.principals:
        if principal.startswith("Service:"):
            yield f"{principal.removeprefix('Service:')} may act for any account (a confused deputy)"


def _no_external_id(name: str, statement: Statement) -> Iterator[str]:
    if name == "deploy-role.trust" and "sts:externalid" not in statement.condition_keys():
        yield "it is assumed from another account without an external id"


def _device_beyond_reading(name: str, statement: Statement) -> Iterator[str]:
    if name != "token-exchange-role":
        return
    for action in statement.actions:
        if action.lower() not in _DEVICE_MAY and not action.lower().startswith(_DEVICE_MAY_OF):
            yield f"a device may {action}: a stolen one would"


def _key_outside_s3(_: str, statement: Statement) -> Iterator[str]:
    if "kms:viaservice" in statement.condition_keys():
        return
    for action in statement.actions:
        if action.lower() in _READS_KEYS:
            yield f"{action} is allowed outside S3"


def _bucket_of_another(name: str, statement: Statement) -> Iterator[str]:
    if name == "artifact-bucket" or statement.principals or "aws:resourceaccount" in statement.condition_keys():
        return
    if any(action.lower().startswith("s3:") for action in statement.actions):
        yield "a bucket of this name in another account would be served as well"


def _thing_of_another(name: str, statement: Statement) -> Iterator[str]:
    if name != "core-device":
        return
    for resource in statement.resources:
        own = re.search(r":(client|topic|topicfilter)/", resource)
        if own and "${iot:Connection.Thing.ThingName}" not in resource:
            yield f"{resource} is not held to the thing's own name"


_CHECKS: Mapping[str, tuple[Callable[[str, Statement], Iterator[str]], str]] = {
    "wildcard-action": (_wildcard_action, "name each action"),
    "wildcard-resource": (_wildcard_resource, "name the resources"),
    "bucket-prefix": (_bucket_prefix, "end the bucket's name before the first wildcard"),
    "bare-root": (_bare_root, "add a condition on aws:PrincipalArn, or name the role"),
    "anybody": (_anybody, "name the principals"),
    "bare-service": (_bare_service, "add a condition on aws:SourceAccount or aws:SourceArn"),
    "no-external-id": (_no_external_id, "add a condition on sts:ExternalId"),
    "device-beyond-reading": (_device_beyond_reading, "take the action out of what a device may do"),
    "key-outside-s3": (_key_outside_s3, "add a condition on kms:ViaService"),
    "bucket-of-another": (_bucket_of_another, "add a condition on aws:ResourceAccount"),
    "thing-of-another": (_thing_of_another, "put ${iot:Connection.Thing.ThingName} into the resource"),
}
"""By code: the check, which yields problems, and the remedy."""
CODES = tuple(_CHECKS)
