"""STS. Source: Service Authorization Reference, "AWS Security Token Service".

GetCallerIdentity needs no permission, and an explicit deny does not stop it; GetSessionToken neither.
"""

from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.iam.actions.operations import Operation
from greengrass_emulator.iam.actions.resources import ANY, Lookups, owner_of, request_tags, tag_context
from greengrass_emulator.iam.requests import Need

_FREE = {"GetCallerIdentity", "GetSessionToken"}
_ROLE_TAKERS = {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}


def sts_needs(request: HttpRequest, operation: Operation, _: Lookups) -> tuple[Need, ...]:
    """``sts:AssumeRole`` on the role, with the external id; ``sts:TagSession`` and SetSourceIdentity if they come."""
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
