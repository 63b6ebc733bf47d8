"""Findings of any linter, and the exceptions for them, each with a reason.

Pure: findings and exceptions in, the rest out. Runs no linter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from shared_schema.strict_model import WrittenByPeople

LinterName = Literal["ours", "parliament", "checkov", "cfn-lint"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``place`` is a document, ``DOCUMENT/STATEMENT`` or ``TEMPLATE/RESOURCE``."""

    linter: LinterName
    code: str
    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem} [{self.linter} {self.code}]"


class LintException(WrittenByPeople):
    """A finding that is accepted, and why."""

    linter: LinterName
    code: str = Field(min_length=1)
    place: str = Field(min_length=1)
    """A pattern in the shell's syntax."""
    reason: str = Field(min_length=20)

    def covers(self, finding: Finding) -> bool:
        """Return whether this is an exception for a finding."""
        return (self.linter, self.code) == (finding.linter, finding.code) and fnmatchcase(finding.place, self.place)


class LintExceptions(WrittenByPeople):
    """The whole of ``infra_policies/exceptions.yml``."""

    exceptions: list[LintException] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The rest: findings without an exception, and unused exceptions."""

    findings: tuple[Finding, ...]
    excepted: int
    idle: tuple[LintException, ...]


def judge(
    findings: Sequence[Finding], exceptions: Sequence[LintException], linters: frozenset[LinterName]
) -> Judgement:
    """Compare findings with exceptions. An exception of a linter outside ``linters`` never counts as unused."""
    left = tuple(finding for finding in findings if not any(each.covers(finding) for each in exceptions))
    idle = tuple(
        each for each in exceptions if each.linter in linters and not any(each.covers(finding) for finding in findings)
    )
    return Judgement(left, len(findings) - len(left), idle)
