"""Whether a role's trust policy allows a caller to assume it: principals and conditions.

moto ignores trust policies (docs/greengrass-facts.md, "The emulator's parts"). Only what this project's roles use of
the policy language: Allow and Deny, AWS and Service principals, the condition keys below. A policy that it cannot read
refuses. With permissions enforced, ``greengrass_emulator.iam`` decides instead.
"""

import json
from collections.abc import Mapping
from typing import Any

from greengrass_emulator.cloud.accounts import Caller
from greengrass_emulator.iam.conditions import Condition, is_known_operator
from greengrass_emulator.iam.requests import ContextValues

_EXTERNAL_ID, _PRINCIPAL = "sts:externalid", "aws:principalarn"
_SOURCE_ARN, _SOURCE_ACCOUNT = "aws:sourcearn", "aws:sourceaccount"
_KEYS = frozenset({_EXTERNAL_ID, _PRINCIPAL, _SOURCE_ARN, _SOURCE_ACCOUNT})


def trusts_caller(policy: str | None, caller: Caller, external_id: str | None) -> bool:
    """Return whether the caller may assume the role with this trust policy; None (no such role) trusts nobody."""
    context = {_PRINCIPAL: (_role_of(caller) or caller.arn,)}
    if external_id is not None:
        context[_EXTERNAL_ID] = (external_id,)
    return _decide(policy, {"AWS": _names_of(caller)}, context)


def trusts_service(policy: str | None, service: str, *, source_arn: str) -> bool:
    """Return whether an AWS service may assume the role with this trust policy, acting for ``source_arn``."""
    context = {_SOURCE_ARN: (source_arn,), _SOURCE_ACCOUNT: (source_arn.split(":")[4],)}
    return _decide(policy, {"Service": {service}}, context)


def _decide(policy: str | None, names: Mapping[str, set[str]], context: ContextValues) -> bool:
    if policy is None:
        return False
    effects = {
        statement.get("Effect")
        for statement in _listed(json.loads(policy).get("Statement"))
        if _is_about(statement, names) and _holds(statement, context)
    }
    return "Allow" in effects and "Deny" not in effects


def _is_about(statement: Mapping[str, Any], names: Mapping[str, set[str]]) -> bool:
    if not {"sts:AssumeRole", "sts:*", "*"} & set(_listed(statement.get("Action"))):
        return False
    principal = statement.get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    return any(
        "*" in _listed(principal.get(kind)) or mine & set(_listed(principal.get(kind))) for kind, mine in names.items()
    )


def _names_of(caller: Caller) -> set[str]:
    names = {caller.account_id, f"arn:aws:iam::{caller.account_id}:root", caller.arn}
    role = _role_of(caller)
    return names | {role} if role else names


def _role_of(caller: Caller) -> str | None:
    """Return a session's role, which is its ``aws:PrincipalArn``."""
    if ":assumed-role/" not in caller.arn:
        return None
    return f"arn:aws:iam::{caller.account_id}:role/{caller.arn.split('/')[1]}"


def _holds(statement: Mapping[str, Any], context: ContextValues) -> bool:
    for operator, tests in (statement.get("Condition") or {}).items():
        for key, wanted in tests.items():
            if key.lower() not in _KEYS or not is_known_operator(operator):
                return bool(statement.get("Effect") == "Deny")
            if not Condition(operator, key, tuple(str(each) for each in _listed(wanted))).holds(context):
                return False
    return True


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
