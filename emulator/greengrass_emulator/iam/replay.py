"""The proof: decides again on recorded calls, under a set of policies.

Sufficient: these policies allow every call that was allowed. Minimal: some call needs each action and each resource
pattern. Needed: for each statement there is a call that is denied without it (or, for a Deny, allowed). Pure.
Principals without policies in the set, such as an administrator who sets things up, are left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from greengrass_emulator.iam.documents import Statement
from greengrass_emulator.iam.evaluator import action_covers, statement_applies
from greengrass_emulator.iam.patterns import resource_matches
from greengrass_emulator.iam.policy_sources import Judged, PolicySet, judge
from greengrass_emulator.iam.recording import RecordedCall
from greengrass_emulator.iam.requests import full_context


@dataclass(frozen=True, slots=True)
class Insufficient:
    """A call that was allowed when it was recorded, and is not under these policies."""

    call: RecordedCall
    denied: Judged


@dataclass(frozen=True, slots=True)
class Unused:
    """An action or resource pattern of an Allow statement that no call needed."""

    statement: str
    element: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Removal:
    """A statement, and the first call that fails (for a Deny: is allowed) without it; None if no call does."""

    statement: str
    allows: bool
    call: RecordedCall | None


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of a replay. ``loosened`` are calls that were denied when recorded and are allowed now."""

    judged: int
    insufficient: tuple[Insufficient, ...]
    loosened: tuple[RecordedCall, ...]
    unused: tuple[Unused, ...]
    removals: tuple[Removal, ...]

    @property
    def unneeded(self) -> tuple[str, ...]:
        """The statements whose removal changes nothing for any call."""
        return tuple(removal.statement for removal in self.removals if removal.call is None)


def replay(calls: Iterable[RecordedCall], policies: PolicySet) -> Proof:
    """Decide on every recorded call under these policies, and again without each statement in turn."""
    ours = [call for call in calls if policies.knows(call.caller)]
    verdicts = [(call, judge(call.caller, call.call, policies)) for call in ours]
    statements = [statement for policy in policies.policies for statement in policy.statements]
    return Proof(
        judged=len(ours),
        insufficient=tuple(
            Insufficient(call, verdict.denied) for call, verdict in verdicts if call.allowed and verdict.denied
        ),
        loosened=tuple(call for call, verdict in verdicts if not call.allowed and verdict.allowed),
        unused=tuple(
            unused
            for statement in statements
            if statement.allows
            for unused in _unused(statement, [call for call, verdict in verdicts if verdict.allowed])
        ),
        removals=tuple(
            Removal(
                statement.label,
                statement.allows,
                _first_changed(policies.without(statement.label), [(c, v.allowed) for c, v in verdicts]),
            )
            for statement in statements
        ),
    )


def _first_changed(policies: PolicySet, before: Sequence[tuple[RecordedCall, bool]]) -> RecordedCall | None:
    return next((call for call, was in before if judge(call.caller, call.call, policies).allowed is not was), None)


def _unused(statement: Statement, calls: Sequence[RecordedCall]) -> Iterable[Unused]:
    # A pattern is used if a need that this statement applies to matches it. Only needs of allowed calls count: a
    # refused call does not show a use.
    used_actions: set[str] = set()
    used_resources: set[str] = set()
    for call in calls:
        principal = call.caller
        for need in call.call.needs:
            context = full_context(principal, need)
            if not statement_applies(statement, principal, need, context):
                continue
            used_actions |= {pattern for pattern in statement.actions if action_covers(pattern, need.action)}
            used_resources |= {
                pattern for pattern in statement.resources if resource_matches(pattern, need.resource, context)
            }
    yield from (Unused(statement.label, "Action", each) for each in statement.actions if each not in used_actions)
    yield from (Unused(statement.label, "Resource", each) for each in statement.resources if each not in used_resources)
