"""The decision: may this principal have this need met, under these policies?

Source: IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic"; KMS Developer Guide,
"Key policies"; IAM User Guide, "NotPrincipal". Service control policies, permissions boundaries and ACLs are not
evaluated here. Pure: policies in, ``Decision`` out.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from greengrass_emulator.iam.conditions import first_failing
from greengrass_emulator.iam.documents import NamedPrincipal, Policy, PolicyKind, Statement
from greengrass_emulator.iam.patterns import resource_matches, text_matches
from greengrass_emulator.iam.requests import ContextValues, Need, Principal, PrincipalKind, full_context


class Outcome(StrEnum):
    """The outcome of a decision: AWS's three."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


@dataclass(frozen=True, slots=True)
class MissingStatement:
    """The statement that is missing, and the kind of policy to add it to (``attached_to``)."""

    attached_to: PolicyKind
    document: str
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        nearly = f" (nearly: {'; '.join(self.near)})" if self.near else ""
        return f"{self.attached_to} policy {self.document}{nearly}"


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome, the statements that decided it (all that an allowed need depends on), or what was missing."""

    outcome: Outcome
    decided_by: tuple[str, ...] = ()
    missing: tuple[MissingStatement, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the need is met."""
        return self.outcome is Outcome.ALLOWED


class _Grant(StrEnum):
    """What a resource's policy grants a principal."""

    DIRECT = "direct"  # It names the principal itself, or everybody.
    DELEGATED = "delegated"  # It names the account, which then decides by its identity policies.


def decide(principal: Principal, need: Need, identity: Sequence[Policy], resource: Policy | None) -> Decision:
    """Decide one need.

    ``identity`` are the principal's own policies (none for a service, which has none), ``resource`` is the policy of
    the bucket, key or role that the need is about, or None. An explicit deny wins. Within an account either side is
    enough, except that a key's and a role's own policy must allow in any case, by name or by delegation; from another
    account both sides must allow. Raises nothing: broken policies are refused when they are read.
    """
    context = full_context(principal, need)
    policies = [*identity, *([resource] if resource else [])]
    for policy in policies:
        for statement in policy.statements:
            if not statement.allows and statement_applies(statement, principal, need, context):
                return Decision(Outcome.EXPLICIT_DENY, (statement.label,))
    by_identity = next(
        (
            s
            for policy in identity
            for s in policy.statements
            if s.allows and statement_applies(s, principal, need, context)
        ),
        None,
    )
    by_resource, grant = _granted(resource, principal, need, context)
    mandatory = resource is not None and resource.kind in {PolicyKind.KEY, PolicyKind.TRUST}
    if grant is _Grant.DIRECT and by_resource and (_same_account(principal, need) or _needs_no_identity(principal)):
        return Decision(Outcome.ALLOWED, (by_resource.label,))
    if by_identity and by_resource:
        return Decision(Outcome.ALLOWED, (by_identity.label, by_resource.label))
    if by_identity and not mandatory and _same_account(principal, need):
        return Decision(Outcome.ALLOWED, (by_identity.label,))
    return Decision(
        Outcome.IMPLICIT_DENY, missing=tuple(_missing(principal, need, identity, resource, by_identity, by_resource))
    )


def statement_applies(statement: Statement, principal: Principal, need: Need, context: ContextValues) -> bool:
    """Return whether a statement matches this principal, action, resource and context, whatever its effect."""
    return _first_mismatch(statement, principal, need, context) is None


def action_covers(pattern: str, action: str) -> bool:
    """Return whether an Action element's pattern matches an action, in any case."""
    return text_matches(pattern, action, any_case=True)


def _first_mismatch(statement: Statement, principal: Principal, need: Need, context: ContextValues) -> str | None:
    known = context if statement.has_variables else {}
    if statement.actions and not any(action_covers(each, need.action) for each in statement.actions):
        return "action"
    if any(action_covers(each, need.action) for each in statement.not_actions):
        return "action"
    if statement.principals and _reach(statement.principals, principal) is None:
        return "principal"
    if statement.not_principals and _all_named(statement.not_principals, principal):
        return "principal"
    if statement.resources and not any(resource_matches(each, need.resource, known) for each in statement.resources):
        return f"resource {', '.join(statement.resources)}"
    if any(resource_matches(each, need.resource, known) for each in statement.not_resources):
        return f"not resource {', '.join(statement.not_resources)}"
    failing = first_failing(statement.conditions, context)
    return f"condition {failing}" if failing else None


def _granted(
    resource: Policy | None, principal: Principal, need: Need, context: ContextValues
) -> tuple[Statement | None, _Grant | None]:
    """Return the resource policy's best allow: a direct one counts for more than a delegated one."""
    found: tuple[Statement | None, _Grant | None] = (None, None)
    for statement in resource.statements if resource else ():
        if not statement.allows or not statement_applies(statement, principal, need, context):
            continue
        grant = _reach(statement.principals, principal)
        if grant is _Grant.DIRECT:
            return statement, grant
        if found[0] is None:
            found = (statement, grant)
    return found


def _reach(named: Sequence[NamedPrincipal], principal: Principal) -> _Grant | None:
    found: _Grant | None = None
    for entry in named:
        if entry.value == "*" and entry.type == "AWS":
            return _Grant.DIRECT
        if principal.kind is PrincipalKind.SERVICE:
            if entry.type == "Service" and entry.value == principal.arn:
                return _Grant.DIRECT
        elif entry.type == "AWS":
            if entry.value in principal.names and principal.kind is not PrincipalKind.ROOT:
                return _Grant.DIRECT
            if entry.value in principal.account_names:
                found = _Grant.DELEGATED
    return found


def _all_named(named: Sequence[NamedPrincipal], principal: Principal) -> bool:
    """NotPrincipal exempts a principal only if its account, its role or user, and its session are all listed."""
    values = {entry.value for entry in named}
    if principal.kind is PrincipalKind.SERVICE:
        return principal.arn in {entry.value for entry in named if entry.type == "Service"}
    return bool(principal.account_names & values) and (
        principal.kind is PrincipalKind.ROOT or principal.names <= values
    )


def _same_account(principal: Principal, need: Need) -> bool:
    return bool(principal.account) and principal.account == need.owner


def _needs_no_identity(principal: Principal) -> bool:
    return principal.kind in {PrincipalKind.SERVICE, PrincipalKind.ANONYMOUS}


def _missing(
    principal: Principal,
    need: Need,
    identity: Sequence[Policy],
    resource: Policy | None,
    by_identity: Statement | None,
    by_resource: Statement | None,
) -> list[MissingStatement]:
    context = full_context(principal, need)
    missing = []
    if by_identity is None and not _needs_no_identity(principal):
        document = {"Effect": "Allow", "Action": need.action, "Resource": need.resource}
        near = _near(identity, principal, need, context)
        missing.append(MissingStatement(PolicyKind.IDENTITY, json.dumps(document), near))
    needs_resource_statement = (resource is not None and resource.kind is not PolicyKind.BUCKET) or not _same_account(
        principal, need
    )
    if by_resource is None and needs_resource_statement:
        who = {"Service" if principal.kind is PrincipalKind.SERVICE else "AWS": principal.arn}
        kind = resource.kind if resource else _kind_of_resource(need)
        resource_document: dict[str, object] = {"Effect": "Allow", "Principal": who, "Action": need.action}
        if kind is not PolicyKind.TRUST:
            resource_document["Resource"] = "*" if kind is PolicyKind.KEY else need.resource
        near = _near([resource] if resource else [], principal, need, context)
        missing.append(MissingStatement(kind, json.dumps(resource_document), near))
    return missing


def _kind_of_resource(need: Need) -> PolicyKind:
    service = need.action.partition(":")[0]
    return {"kms": PolicyKind.KEY, "sts": PolicyKind.TRUST}.get(service, PolicyKind.BUCKET)


def _near(policies: Sequence[Policy], principal: Principal, need: Need, context: ContextValues) -> tuple[str, ...]:
    """Return the statements that match the action but not resource or condition: likely one of them needs a fix."""
    near = []
    for policy in policies:
        for statement in policy.statements:
            why = _first_mismatch(statement, principal, need, context)
            if statement.allows and why not in {None, "action"}:
                near.append(f"{statement.label} but for its {why}")
    return tuple(near)
