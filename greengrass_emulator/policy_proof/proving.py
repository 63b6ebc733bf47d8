"""Holds a recording against the documents: sufficient, minimal, and each statement with the call that it carries.

Pure but for reading the recording and the documents' own texts. A statement or pattern counts as used when it is used
in any stage: dev's fleet is lite and prod's classic, and they ask for different things.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greengrass_emulator.iam.policy_sources import PolicySet
from greengrass_emulator.iam.recording import RecordedCall
from greengrass_emulator.iam.replay import Insufficient, Proof, replay
from greengrass_emulator.policy_proof.documents import Unneeded
from greengrass_emulator.policy_proof.rendered import RenderedStage
from infra_policies import document_names, document_path


@dataclass(frozen=True, slots=True)
class StatementProof:
    """One statement of one document. ``carried`` is a call that fails without it (or, for a Deny, goes through)."""

    document: str
    statement: str
    allows: bool
    carried: str | None
    unused: tuple[str, ...]
    """Actions and resource patterns, as the document writes them, that no call leant on."""


@dataclass(frozen=True, slots=True)
class WholeProof:
    """What was found. It holds when nothing is in ``faults``."""

    judged: int
    insufficient: tuple[Insufficient, ...]
    statements: tuple[StatementProof, ...]
    reasons: Mapping[tuple[str, str, str], str]
    """By document, statement and pattern (empty for the whole statement): why it is allowed all the same."""
    faults: tuple[str, ...]


def prove(
    calls: Iterable[RecordedCall], stages: Sequence[RenderedStage], policies: PolicySet, unneeded: Sequence[Unneeded]
) -> WholeProof:
    """Replay the calls under the policies, which are the stages' documents at what they are attached to."""
    # By title: which of two like calls comes first in a run is chance, and the table must not be.
    ordered = sorted(calls, key=lambda call: (call.title, call.number))
    proof = replay(ordered, policies)
    statements = tuple(_by_statement(proof, stages))
    reasons = {(each.document, each.statement, each.pattern or ""): each.reason for each in unneeded}
    return WholeProof(proof.judged, proof.insufficient, statements, reasons, tuple(_faults(proof, statements, reasons)))


def _by_statement(proof: Proof, stages: Sequence[RenderedStage]) -> Iterator[StatementProof]:
    loads = {load.statement: load for load in proof.loads}
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
                for written in policy.document["Statement"]
                if written["Sid"] == sid
            }
            carried = [load.call.title for label in copies if (load := loads[label]).call is not None]
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


def _faults(
    proof: Proof, statements: Sequence[StatementProof], reasons: Mapping[tuple[str, str, str], str]
) -> Iterator[str]:
    for each in proof.insufficient:
        missing = f"{each.denied.need.action} on {each.denied.need.resource}"
        yield f"not sufficient: {each.call.title} needs {missing}, which no statement allows"
    known: set[tuple[str, str, str]] = set()
    for statement in statements:
        whole = (statement.document, statement.statement, "")
        if statement.carried is None:
            known.add(whole)
            if whole not in reasons:
                yield f"not minimal: nothing fails without {statement.document}/{statement.statement}"
            continue
        for pattern in statement.unused:
            key = (statement.document, statement.statement, pattern)
            known.add(key)
            if key not in reasons:
                yield f"not minimal: no call used {pattern} of {statement.document}/{statement.statement}"
    for document, name, pattern in sorted(set(reasons) - known):
        what = f"{document}/{name} {pattern}".strip()
        yield f"infra_policies/unused.yml has {what}, which is used, or is not there; take it out"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
