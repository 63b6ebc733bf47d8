"""What a rule of the linter is."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
"""A note is of what works, and could be better: nothing counts it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``why`` says what would happen otherwise, ``remedy`` what to do in general."""

    code: str
    severity: Severity
    title: str
    why: str
    remedy: str


Row = tuple[str, Severity, str, str, str]
"""A rule's fields in their order, as the tables beside this file have them."""
