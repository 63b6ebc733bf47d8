"""The type of the linter's rules."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
"""A note is about what works and could be better; it never fails a run."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``why`` says what would happen, ``remedy`` what to do in general."""

    code: str
    severity: Severity
    title: str
    why: str
    remedy: str


Row = tuple[str, Severity, str, str, str]
"""A rule's fields in their order, as the tables beside this file have them."""
