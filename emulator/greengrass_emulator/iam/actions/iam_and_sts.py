"""IAM and STS. Source: Service Authorization Reference, the pages of both services.

The resource of an operation of IAM is what its parameters name: a role, a user, a group, a policy. A request does not
have a name's path, so a role is checked without its path; the emulated accounts have none. GetCallerIdentity and
GetSessionToken need no permission, and an explicit deny does not stop them.
"""

from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.iam.actions.operations import Operation
from greengrass_emulator.iam.actions.resources import (
    ANY,
    Lookups,
    Place,
    named_resources,
    owner_of,
    request_tags,
    tag_context,
)
from greengrass_emulator.iam.requests import Need, partition_of_region

# An operation's first parameter of these is its resource: AttachRolePolicy has a role and a policy, and needs the role.
_RESOURCES = (
    "instance-profile/{InstanceProfileName}",
    "role/{RoleName}",
    "user/{UserName}",
    "group/{GroupName}",
    "@PolicyArn",
    "policy/{PolicyName}",
    "@OpenIDConnectProviderArn",
    "@SAMLProviderArn",
)
_OF_THE_CALLER = {"GetUser", "CreateAccessKey", "ListAccessKeys", "DeleteAccessKey", "UpdateAccessKey"}
_FREE = {"GetCallerIdentity", "GetSessionToken"}
_ROLE_TAKERS = {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}


def iam_needs(request: HttpRequest, operation: Operation, _: Lookups) -> tuple[Need, ...]:
    """Return ``iam:Operation`` on the role, user, group or policy; ``iam:PassRole`` for a role put into a profile."""
    place = Place("iam", "", request.account, partition_of_region(request.region))
    context = tag_context(request_tags(operation))
    for name, key in (("PolicyArn", "iam:policyarn"), ("PermissionsBoundary", "iam:permissionsboundary")):
        if value := operation.text(name):
            context[key] = (value,)
    action = f"iam:{operation.name}"
    resource = _resource(operation, place)
    needs = [Need(action, resource, owner_of(resource, request.account), context)]
    if operation.name == "AddRoleToInstanceProfile" and (role := operation.text("RoleName")):
        passed = {"iam:passedtoservice": ("ec2.amazonaws.com",)}
        needs.append(Need("iam:PassRole", place.arn(f"role/{role}"), request.account, passed, action))
    return tuple(needs)


def pass_role(role_arn: str | None, to_service: str, because_of: str, account: str) -> tuple[Need, ...]:
    """Return the need for handing a role to a service, if the request does so."""
    if not role_arn:
        return ()
    context = {"iam:passedtoservice": (to_service,)}
    return (Need("iam:PassRole", role_arn, owner_of(role_arn, account), context, because_of),)


def _resource(operation: Operation, place: Place) -> str:
    if operation.name.startswith("List") and operation.name in {"ListRoles", "ListUsers", "ListGroups", "ListPolicies"}:
        return ANY
    for template in _RESOURCES:
        found = named_resources({operation.name: (template,)}, operation, place)
        if found != (ANY,):
            return found[0]
    return place.arn("user/*") if operation.name in _OF_THE_CALLER else ANY


def sts_needs(request: HttpRequest, operation: Operation, _: Lookups) -> tuple[Need, ...]:
    """Return ``sts:AssumeRole`` on the role, and ``sts:TagSession`` and ``sts:SetSourceIdentity`` if it has these."""
    if operation.name in _FREE:
        return ()
    if operation.name not in _ROLE_TAKERS:
        return (Need(f"sts:{operation.name}", ANY, request.account),)
    role = operation.text("RoleArn") or ANY
    owner = owner_of(role, request.account)
    given = {
        "sts:externalid": "ExternalId",
        "sts:rolesessionname": "RoleSessionName",
        "sts:sourceidentity": "SourceIdentity",
    }
    context: dict[str, tuple[str, ...]] = {
        key: (value,) for key, name in given.items() if (value := operation.text(name))
    }
    tags = request_tags(operation)
    context |= tag_context(tags)
    action = f"sts:{operation.name}"
    needs = [Need(action, role, owner, context)]
    if tags:
        needs.append(Need("sts:TagSession", role, owner, context, action))
    if operation.text("SourceIdentity"):
        needs.append(Need("sts:SetSourceIdentity", role, owner, context, action))
    return tuple(needs)
