"""The policies that the emulated accounts hold, from moto's memory: identities, buckets, keys, roles, certificates.

A policy that the evaluator cannot read is its author's mistake: it raises ``InvalidPolicyError``, and the call is
refused.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache

from moto.iam.models import Group, Role, User, iam_backends
from moto.iot.models import iot_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from greengrass_emulator.iam.documents import Policy, PolicyKind, read_policy
from greengrass_emulator.iam.errors import InvalidPolicyError
from greengrass_emulator.iam.policy_sources import guarded_resource
from greengrass_emulator.iam.requests import Need, Principal, PrincipalKind

_PARTITION = "aws"
_NO_TRUST = Policy("no such role", PolicyKind.TRUST, ())


class AccountPolicies:
    """A ``PolicySource`` in moto's memory. It caches nothing: a changed policy counts from the next call on."""

    def __init__(self, region: str) -> None:
        self._region = region

    def identity(self, principal: Principal) -> tuple[Policy, ...]:
        """Return the policies attached to the role, the user and its groups, or the device's certificates."""
        match principal.kind:
            case PrincipalKind.ROLE:
                role = _role(principal.arn)
                if role and role.permissions_boundary_arn:
                    raise InvalidPolicyError(
                        principal.arn, "has a permissions boundary, which is not enforced here", "take it away"
                    )
                return tuple(_attached(role)) if role else ()
            case PrincipalKind.USER:
                return tuple(_of_user(principal))
            case PrincipalKind.THING:
                return tuple(self._of_thing(principal))
            case _:
                return ()

    def of_resource(self, need: Need) -> Policy | None:
        """Return the bucket's, key's or role's policy. A role that does not exist trusts nobody."""
        arn = guarded_resource(need)
        if arn is None:
            return None
        match arn.split(":")[2]:
            case "s3":
                return _of_bucket(arn.rpartition(":")[2])
            case "kms":
                return _of_key(arn)
            case "iam":
                role = _role(arn)
                return _read(arn, PolicyKind.TRUST, _text(role.assume_role_policy_document)) if role else _NO_TRUST
            case _:
                return None

    def _of_thing(self, principal: Principal) -> Iterable[Policy]:
        backend = iot_backends[principal.account][self._region]
        thing = principal.arn.partition("/")[2]
        certificates = [certificate for certificate, name in list(backend.principal_things) if name == thing]
        # IoT Core, "Attach a policy": the certificate's own policies, and those of the thing's groups.
        groups = [
            arn
            for arn, group in list(backend.thing_groups.items())
            if any(member.thing_name == thing for member in list(group.things.values()))
        ]
        for (target, _), (_, policy) in list(backend.principal_policies.items()):
            if target in certificates or target in groups:
                version = next((v for v in policy.versions if v.is_default), policy.versions[-1])
                yield _read(policy.name, PolicyKind.IOT, _text(version.document))


def _role(arn: str) -> Role | None:
    account = arn.split(":")[4]
    return next((role for role in iam_backends[account][_PARTITION].get_roles() if role.arn == arn), None)


def _of_user(principal: Principal) -> Iterable[Policy]:
    backend = iam_backends[principal.account][_PARTITION]
    user = next((each for each in backend.list_users("/", None, None) if each.arn == principal.arn), None)
    if user is None:
        return
    yield from _attached(user)
    for group in backend.get_groups_for_user(user.name):
        yield from _attached(group)


def _attached(owner: Role | User | Group) -> Iterable[Policy]:
    inline: Mapping[str, object] = owner.policies
    for name, document in list(inline.items()):
        yield _read(f"{owner.name}.{name}", PolicyKind.IDENTITY, _text(document))
    for managed in list(owner.managed_policies.values()):
        version = next((v for v in managed.versions if v.is_default), managed.versions[-1])
        yield _read(managed.name, PolicyKind.IDENTITY, _text(version.document))


def _of_bucket(name: str) -> Policy | None:
    known = s3_backends.bucket_accounts.get(name)
    if known is None:
        return None
    partition, account = known
    bucket = s3_backends[account][partition].buckets.get(name)
    return _read(name, PolicyKind.BUCKET, _text(bucket.policy)) if bucket and bucket.policy else None


def _of_key(arn: str) -> Policy | None:
    _, _, _, region, account, rest = arn.split(":", 5)
    key = kms_backends[account][region].keys.get(rest.removeprefix("key/"))
    return _read(arn, PolicyKind.KEY, _text(key.policy)) if key else None


def _text(document: object) -> str:
    if isinstance(document, bytes):
        return document.decode("utf-8", errors="replace")
    return document if isinstance(document, str) else json.dumps(document)


@lru_cache(maxsize=512)
def _read(name: str, kind: PolicyKind, text: str) -> Policy:
    return read_policy(name, kind, text)
