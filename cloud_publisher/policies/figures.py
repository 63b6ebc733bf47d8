"""Counts how much each role may do, compared with the seed's one role: the table of docs/policies.md.

Pure: documents in, rows and Markdown out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloud_publisher.policies.statements import statements_of
from shared_schema.json_value import JsonObject


@dataclass(frozen=True, slots=True)
class Figures:
    """What one role's identity policies allow. An action that two statements allow counts once."""

    role: str
    actions: int
    """Actions allowed, with each ``*`` of an action counted as the actions that it stands for."""
    action_wildcards: int
    any_resource: int
    """Actions allowed on the resource ``*``, counted in the same way."""
    resource_wildcards: int
    """Resource patterns with a ``*`` inside, such as ``…:job/*``."""


def figures_of(role: str, documents: Sequence[JsonObject], expanded: Mapping[str, int]) -> Figures:
    """Count a role's documents. ``expanded`` says how many actions each action pattern stands for.

    Raises ``KeyError`` for a pattern with a ``*`` that ``expanded`` does not know.
    """
    allowed = [each for document in documents for each in statements_of(document) if each.allows]
    actions = {action for each in allowed for action in each.actions}
    anywhere = {action for each in allowed if "*" in each.resources for action in each.actions}
    patterns = {pattern for each in allowed for pattern in each.resources if "*" in pattern and pattern != "*"}

    def count(names: set[str]) -> int:
        return sum(expanded[name] if "*" in name else 1 for name in names)

    return Figures(role, count(actions), sum("*" in each for each in actions), count(anywhere), len(patterns))


def figures_table(rows: Sequence[Figures]) -> str:
    """Return the rows as a Markdown table."""
    head = (
        "| role | actions allowed | `*` in an action | actions allowed on `*` | resource patterns with a `*` inside |\n"
        "|---|---:|---:|---:|---:|\n"
    )
    return head + "".join(
        f"| {row.role} | {row.actions} | {row.action_wildcards} | {row.any_resource} | {row.resource_wildcards} |\n"
        for row in rows
    )
