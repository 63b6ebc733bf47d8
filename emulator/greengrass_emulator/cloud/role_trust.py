"""Whether a role's trust policy allows a caller to assume it: principals and conditions.

moto ignores trust policies (docs/greengrass-facts.md, "The emulator's parts"). Only what this project's roles use of
the policy language: Allow and Deny, AWS and Service principals, the condition keys below. A policy that it cannot read
refuses. With permissions enforced, ``greengrass_emulator.iam`` decides instead.
"""

import json
from collections.abc import Mapping

from greengrass_emulator.cloud.accounts import Caller
from greengrass_emulator.iam.conditions import Condition, is_known_operator
from greengrass_emulator.iam.requests import ContextValues
from greengrass_emulator.json_value import JsonObject, JsonValue

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
    document: JsonObject = json.loads(policy)
    statements = _listed(document.get("Statement"))
    readable = [statement for statement in statements if isinstance(statement, dict)]
    if len(readable) != len(statements):
        return False
    effects = [
        statement.get("Effect") for statement in readable if _is_about(statement, names) and _holds(statement, context)
    ]
    return "Allow" in effects and "Deny" not in effects


def _is_about(statement: JsonObject, names: Mapping[str, set[str]]) -> bool:
    if not any(action in _listed(statement.get("Action")) for action in ("sts:AssumeRole", "sts:*", "*")):
        return False
    principal = statement.get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return any(name in _listed(principal.get(kind)) for kind, mine in names.items() for name in ("*", *mine))


def _names_of(caller: Caller) -> set[str]:
    names = {caller.account_id, f"arn:aws:iam::{caller.account_id}:root", caller.arn}
    role = _role_of(caller)
    return names | {role} if role else names


def _role_of(caller: Caller) -> str | None:
    """Return a session's role, which is its ``aws:PrincipalArn``."""
    if ":assumed-role/" not in caller.arn:
        return None
    return f"arn:aws:iam::{caller.account_id}:role/{caller.arn.split('/')[1]}"


def _holds(statement: JsonObject, context: ContextValues) -> bool:
    """Return whether a statement's conditions hold. One that cannot be read holds for a Deny only."""
    unreadable_holds = statement.get("Effect") == "Deny"
    conditions = statement.get("Condition") or {}
    if not isinstance(conditions, dict):
        return unreadable_holds
    for operator, tests in conditions.items():
        if not isinstance(tests, dict):
            return unreadable_holds
        for key, wanted in tests.items():
            if key.lower() not in _KEYS or not is_known_operator(operator):
                return unreadable_holds
            if not Condition(operator, key, tuple(str(each) for each in _listed(wanted))).holds(context):
                return False
    return True


def _listed(value: JsonValue) -> list[JsonValue]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
