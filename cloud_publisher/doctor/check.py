"""The result of one of the doctor's checks."""

from dataclasses import dataclass
from typing import Any, Literal

State = Literal["well", "failed", "not checked"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``statements`` are those of infra_policies/ that would fix it, as ``document#Sid``."""

    name: str
    state: State
    words: str
    remedy: str = ""
    statements: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The check for ``--json``."""
        return {
            "check": self.name,
            "state": self.state,
            "words": self.words,
            "remedy": self.remedy or None,
            "statements": list(self.statements),
        }

    def advice(self) -> str:
        """What to do about a failed check, for people."""
        named = f"infra_policies/documents: {', '.join(self.statements)}" if self.statements else ""
        return "; ".join(each for each in (self.remedy, named) if each)


def well(name: str, words: str) -> Check:
    """Return a check that found no fault."""
    return Check(name, "well", words)


def failed(name: str, words: str, remedy: str, statements: tuple[str, ...] = ()) -> Check:
    """Return a check that found a fault."""
    return Check(name, "failed", words, remedy, statements)


def not_checked(name: str, words: str, remedy: str = "") -> Check:
    """Return a check that could not be made, with the reason."""
    return Check(name, "not checked", words, remedy)
