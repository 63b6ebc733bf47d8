"""The proof: recorded calls, judged again under a set of policies.

Sufficient: every call that was let through is let through by these policies. Minimal: every action and every resource
pattern is leant on by some call. Needed: for each statement, the call that taking it away denies (or, for a Deny, lets
through). Pure; a principal that the policies do not speak of, such as an administrator who sets things up, is left out.
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
    """A call that went through when it was recorded, and would not under these policies."""

    call: RecordedCall
    denied: Judged


@dataclass(frozen=True, slots=True)
class Unused:
    """An action or resource pattern of an Allow statement that no call leant on."""

    statement: str
    element: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Load:
    """What a statement carries: the call that fails without it (for a Deny: that is let through), or None."""

    statement: str
    allows: bool
    call: RecordedCall | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What a replay found. ``loosened`` are calls that were denied when recorded and no longer are."""

    judged: int
    left_out: int
    insufficient: tuple[Insufficient, ...]
    loosened: tuple[RecordedCall, ...]
    unused: tuple[Unused, ...]
    loads: tuple[Load, ...]

    @property
    def sufficient(self) -> bool:
        """Every call that was made is allowed."""
        return not self.insufficient

    @property
    def idle(self) -> tuple[str, ...]:
        """The statements whose removal changes nothing for any call."""
        return tuple(load.statement for load in self.loads if load.call is None)


def replay(calls: Iterable[RecordedCall], policies: PolicySet) -> Proof:
    """Judge every recorded call under these policies, and once more without each statement in turn."""
    every = list(calls)
    ours = [call for call in every if policies.knows(call.caller)]
    verdicts = [(call, judge(call.caller, call.call, policies)) for call in ours]
    statements = [statement for policy in policies.policies for statement in policy.statements]
    return Proof(
        judged=len(ours),
        left_out=len(every) - len(ours),
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
        loads=tuple(
            Load(
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
    # A pattern is used if a need that this statement applies to matches it. Only needs of calls that went through
    # count: what was refused all the same shows no use.
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
