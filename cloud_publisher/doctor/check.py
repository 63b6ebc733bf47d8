"""The result of one of the doctor's checks: well, or with a diagnostic of what is wrong or could not be checked."""

from dataclasses import dataclass, replace
from typing import Literal

from cloud_publisher.cloud_errors import DENIED
from cloud_publisher.doctor.facts import Facts
from cloud_publisher.errors import CloudError
from shared_schema.diagnostics import Diagnostic, Place, Severity
from shared_schema.json_value import JsonObject

State = Literal["well", "failed", "lacking", "not checked"]
"""``lacking``: it is not there, and something works without it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``statements`` are those of infra_policies/ that would mend it, as ``document#Sid``."""

    name: str
    state: State
    words: str
    diagnostic: Diagnostic | None = None
    statements: tuple[str, ...] = ()

    def as_json(self) -> JsonObject:
        """The check for ``--json``, whose ``diagnostics`` have the rest by its name as their code."""
        return {
            "check": self.name,
            "state": self.state,
            "words": self.words,
            "statements": list(self.statements),
        }


def well(name: str, words: str) -> Check:
    """Return a check that found no fault."""
    return Check(name, "well", words)


def lacking(name: str, place: str, problem: str, remedy: str) -> Check:
    """Return a check that found nothing, where nothing need be. ``remedy`` says for what it is needed."""
    return Check(name, "lacking", problem, Diagnostic(Place(place), problem, remedy, _code(name), Severity.NOTE))


def wrong(name: str, found: Diagnostic) -> Check:
    """Return a failed check with what was found, under the check's name."""
    return Check(name, "failed", found.problem.partition("\n")[0], replace(found, code=_code(name)))


def failed(
    facts: Facts, name: str, problem: str, remedy: str, statements: tuple[str, ...] = (), *, key: str = ""
) -> Check:
    """Return a check that found a fault. ``key`` is the stage's key in the config that it is about."""
    named = f"; infra_policies/documents: {', '.join(statements)}" if statements else ""
    diagnostic = Diagnostic(facts.place(key), problem, remedy + named, _code(name))
    return Check(name, "failed", problem, diagnostic, statements)


def refused(facts: Facts, name: str, error: CloudError, statements: tuple[str, ...]) -> Check:
    """Return a failed check; the statements are only named if AWS denied the call."""
    return failed(facts, name, error.problem, error.remedy, statements if error.code in DENIED else ())


def not_checked(facts: Facts, name: str, problem: str, remedy: str = "", statements: tuple[str, ...] = ()) -> Check:
    """Return a check that could not be made, with the reason."""
    diagnostic = Diagnostic(facts.place(), problem, remedy, _code(name), Severity.NOTE)
    return Check(name, "not checked", problem, diagnostic, statements)


def _code(name: str) -> str:
    return name.replace(" ", "-")
