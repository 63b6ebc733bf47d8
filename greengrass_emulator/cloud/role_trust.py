"""Whether a role's trust policy lets somebody assume it: principals, and the external id.

moto asks no trust policy at all (greengrass-facts.md, "On these machines"). Only what this project's roles use of the
policy language: Allow and Deny, AWS and Service principals, StringEquals on ``sts:ExternalId``. A condition of any
other kind is not met, so that a policy which this cannot read refuses rather than allows.
"""

import json
from collections.abc import Mapping
from typing import Any

from greengrass_emulator.cloud.accounts import Caller


def trusts_caller(policy: str | None, caller: Caller, external_id: str | None) -> bool:
    """Whether the caller may assume the role of this trust policy. No policy (no such role) trusts nobody."""
    return _decide(policy, {"AWS": _names_of(caller)}, external_id)


def trusts_service(policy: str | None, service: str) -> bool:
    """Whether a service of AWS's own may assume the role of this trust policy."""
    return _decide(policy, {"Service": {service}}, None)


def _decide(policy: str | None, names: Mapping[str, set[str]], external_id: str | None) -> bool:
    if policy is None:
        return False
    effects = {
        statement.get("Effect")
        for statement in _listed(json.loads(policy).get("Statement"))
        if _is_about(statement, names) and _holds(statement.get("Condition") or {}, external_id)
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
    if ":assumed-role/" in caller.arn:
        role = caller.arn.split("/")[1]
        names.add(f"arn:aws:iam::{caller.account_id}:role/{role}")
    return names


def _holds(condition: Mapping[str, Mapping[str, Any]], external_id: str | None) -> bool:
    for operator, tests in condition.items():
        for key, wanted in tests.items():
            if operator != "StringEquals" or key != "sts:ExternalId" or external_id not in _listed(wanted):
                return False
    return True


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
