"""Parses a policy document's statements, for the counts and the checks. Decides nothing about access."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, with each element as a list."""

    sid: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    """``*``, or ``AWS:arn…`` and ``Service:name``."""
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]

    def condition_keys(self) -> frozenset[str]:
        """The keys of its conditions, in lower case."""
        return frozenset(key.lower() for keys in self.conditions.values() for key in keys)


def statements_of(document: Mapping[str, Any]) -> Iterator[Statement]:
    """Return the statements of a policy document, in order."""
    for number, raw in enumerate(_listed(document["Statement"]), start=1):
        principal = raw.get("Principal", {})
        named = (
            (str(principal),)
            if isinstance(principal, str)
            else tuple(f"{kind}:{value}" for kind, values in principal.items() for value in _listed(values))
        )
        yield Statement(
            sid=raw.get("Sid", f"statement {number}"),
            allows=raw["Effect"] == "Allow",
            actions=tuple(_listed(raw.get("Action", []))),
            resources=tuple(_listed(raw.get("Resource", []))),
            principals=named,
            conditions={
                operator: {key: tuple(str(value) for value in _listed(values)) for key, values in keys.items()}
                for operator, keys in raw.get("Condition", {}).items()
            },
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
