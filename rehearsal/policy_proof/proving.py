"""Checks a recording against the documents: sufficient, minimal, and each statement with a call that needs it.

Pure except for reading the recording and the documents' texts. A statement or pattern counts as used when it is used
in any stage: dev's fleet is lite and prod's classic, and they ask for different things.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from greengrass_emulator.iam.policy_sources import PolicySet
from greengrass_emulator.iam.recording import RecordedCall
from greengrass_emulator.iam.replay import Insufficient, Proof, replay

from infra_policies import document_names, document_path
from rehearsal.policy_proof.attacks import THIEF
from rehearsal.policy_proof.documents import Unneeded
from rehearsal.policy_proof.rendered import RenderedStage
from shared_schema.json_value import JsonValue

_REFUSED_ON_PURPOSE = frozenset({"LearnThatAnObjectIsAbsent"})
"""Without the right to list a whole bucket S3 answers 403 for a missing object, and the build expects it."""


@dataclass(frozen=True, slots=True)
class StatementProof:
    """One statement of one document. ``carried`` is a call that fails without it (or, for a Deny, goes through)."""

    document: str
    statement: str
    allows: bool
    carried: str | None
    unused: tuple[str, ...]
    """Actions and resource patterns, as in the document, that no call needed."""


@dataclass(frozen=True, slots=True)
class WholeProof:
    """The result. It holds if ``faults`` is empty."""

    judged: int
    insufficient: tuple[Insufficient, ...]
    statements: tuple[StatementProof, ...]
    unneeded: tuple[Unneeded, ...]
    faults: tuple[str, ...]

    def reason(self, document: str, statement: str, pattern: str | None = None) -> str | None:
        """Return why a statement, or a pattern of it, is allowed though the run does not use it."""
        found = next((each for each in self.unneeded if each.covers(document, statement, pattern)), None)
        return " ".join(found.reason.split()) if found else None


def prove(
    calls: Iterable[RecordedCall], stages: Sequence[RenderedStage], policies: PolicySet, unneeded: Sequence[Unneeded]
) -> WholeProof:
    """Replay the calls under the policies, which are the stages' documents at what they are attached to."""
    # By title: the order of two similar calls in a run is random, and the table must not be.
    ordered = sorted(calls, key=lambda call: (call.title, call.number))
    proof = replay(ordered, policies)
    statements = tuple(_by_statement(proof, stages))
    faults = (*refusals(ordered, policies), *_faults(proof, statements, unneeded))
    return WholeProof(proof.judged, proof.insufficient, statements, tuple(unneeded), faults)


def of_ours(call: RecordedCall, policies: PolicySet) -> bool:
    """Return whether our own process or device made the call, not an administrator or an attacker."""
    thiefs = call.caller.session_arn.endswith(f"/{THIEF}")
    return policies.knows(call.caller) and not thiefs and call.principal.kind != "user"


def refusals(calls: Iterable[RecordedCall], policies: PolicySet) -> Iterator[str]:
    """Return the refused calls of our own processes: a process may ignore a refusal and do less."""
    for call in calls:
        if call.allowed or not of_ours(call, policies) or call.operation in _REFUSED_ON_PURPOSE:
            continue
        refused = next(need for need in call.needs if need.outcome != "allowed")
        yield f"not sufficient: {call.title} was refused {refused.action} on {refused.resource} during the run"


def _by_statement(proof: Proof, stages: Sequence[RenderedStage]) -> Iterator[StatementProof]:
    removals = {removal.statement: removal for removal in proof.removals}
    unused: dict[str, set[tuple[str, str]]] = {}
    for each in proof.unused:
        unused.setdefault(each.statement, set()).add((each.element, each.pattern))
    everywhere = {policy.label: policy for stage in stages for policy in stage.policies}
    for name in document_names():
        rendered = [policy for policy in everywhere.values() if policy.name == name]
        for statement in json.loads(document_path(name).read_text(encoding="utf-8"))["Statement"]:
            sid = str(statement["Sid"])
            copies = {
                f"{policy.label}/{sid}": written
                for policy in rendered
                if (written := policy.statement(sid)) is not None
            }
            carried = [removal.call.title for label in copies if (removal := removals[label]).call is not None]
            yield StatementProof(
                name,
                sid,
                statement["Effect"] == "Allow",
                min(carried, default=None),
                tuple(
                    pattern
                    for element in ("Action", "Resource")
                    for index, pattern in enumerate(_listed(statement.get(element, [])))
                    if copies
                    and all(
                        (element, _listed(written[element])[index]) in unused.get(label, set())
                        for label, written in copies.items()
                    )
                ),
            )


def _faults(proof: Proof, statements: Sequence[StatementProof], unneeded: Sequence[Unneeded]) -> Iterator[str]:
    for each in proof.insufficient:
        missing = f"{each.denied.need.action} on {each.denied.need.resource}"
        yield f"not sufficient: {each.call.title} needs {missing}, which no statement allows"
    for call in proof.loosened:
        yield f"{call.title} was refused during the run, and these policies allow it"
    needed: set[int] = set()
    for statement in statements:
        place = f"{statement.document}/{statement.statement}"
        for pattern in (None,) if statement.carried is None else statement.unused:
            reasons = [
                index
                for index, entry in enumerate(unneeded)
                if entry.covers(statement.document, statement.statement, pattern)
            ]
            needed.update(reasons)
            if reasons:
                continue
            what = f"nothing fails without {place}" if pattern is None else f"no call used {pattern} of {place}"
            yield f"not minimal: {what}; take it out, or give the reason in infra_policies/unused.yml"
    for index, entry in enumerate(unneeded):
        if index not in needed:
            what = f"{entry.document}/{entry.statement} {entry.pattern or ''}".strip()
            yield f"infra_policies/unused.yml has {what}, which is used, or is not there; take it out"


def _listed(value: JsonValue) -> list[str]:
    return [str(each) for each in (value if isinstance(value, list) else [value])]
