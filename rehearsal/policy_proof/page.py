"""The proof as the Markdown of docs/policies.md. Pure."""

import re

from rehearsal.policy_proof.attacks import Attack
from rehearsal.policy_proof.proving import StatementProof, WholeProof
from rehearsal.policy_proof.running import Found

_BLOCK = re.compile(r"(<!-- proof -->\n).*?(<!-- end of proof -->)", re.DOTALL)


def with_proof(page: str, found: Found) -> str:
    """Return the page with its proof replaced."""
    return _BLOCK.sub(lambda match: match[1] + proof_text(found) + match[2], page)


def proof_text(found: Found) -> str:
    """Return the tables: each statement with the call that needs it, unused ones with their reasons, each attack."""
    return "\n".join(
        (
            "| document | statement | taking it away |",
            "|---|---|---|",
            *(_statement(each, found.proof) for each in found.proof.statements),
            "",
            "| thief | attempt | answer |",
            "|---|---|---|",
            *(_attack(each) for each in found.attacks),
            "",
        )
    )


def _statement(each: StatementProof, proof: WholeProof) -> str:
    if each.carried is None:
        carried = f"not used by the run: {_reason(proof, each, None)}"
    else:
        carried = f"{'denies' if each.allows else 'allows'} `{each.carried}`"
        by_reason: dict[str, list[str]] = {}
        for pattern in each.unused:
            by_reason.setdefault(_reason(proof, each, pattern), []).append(f"`{_short(pattern)}`")
        carried += "".join(f"; not used by the run: {', '.join(names)}: {why}" for why, names in by_reason.items())
    return f"| {each.document} | {each.statement} | {carried} |"


def _short(pattern: str) -> str:
    return pattern.rpartition("${TargetAccount}:")[2]


def _reason(proof: WholeProof, each: StatementProof, pattern: str | None) -> str:
    return proof.reason(each.document, each.statement, pattern) or "**no reason is given**"


def _attack(each: Attack) -> str:
    return f"| {each.thief} | {each.attempt} | {each.answer if each.denied else f'**{each.answer}**'} |"
