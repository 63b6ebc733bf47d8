"""What every command says and how it ends: diagnostics, exit codes, and a list cut short."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from shared_schema.json_value import JsonObject


class ExitCode(IntEnum):
    """How a command ends, the same for all commands."""

    DONE = 0
    FAILED = 1
    INVALID = 2
    """Wrong use, or an invalid document."""
    CHANGES = 3
    """``plan``: there are changes."""
    DIFFERS = 4
    """``status``: the fleet is not as released."""
    REJECTED = 5
    """The checks of a device rejected a model."""
    TIMED_OUT = 6
    """The fleet did not answer in time, or nobody is there to confirm."""


class Severity(StrEnum):
    """How bad it is. A command with an error ends with ``ExitCode.INVALID``, whatever else it found."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where it is. ``line`` and ``column`` count from 1, and are 0 for the file as a whole.

    ``path`` is the place in the document, such as ``custom-components.digits.build``; empty for its top.
    """

    file: str
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        file = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{file}: {self.path}" if self.path else file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What is wrong, where, and what to do about it. ``code`` is empty where no page explains it by a code."""

    place: Place
    problem: str
    remedy: str
    code: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        kind = f" {self.severity} {self.code}:" if self.code else ""
        file = str(Place(self.place.file, self.place.line, self.place.column))
        path = f" {self.place.path}:" if self.place.path else ""
        return f"{file}:{kind}{path} {self.problem}\n    {self.remedy}"

    def as_json(self) -> JsonObject:
        """The diagnostic for ``--json``: code, severity, file, line, column, path, problem, remedy."""
        return {
            "code": self.code or None,
            "severity": self.severity.value,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "path": self.place.path,
            "problem": self.problem,
            "remedy": self.remedy,
        }


def first_few(texts: Iterable[str], shown: int) -> list[str]:
    """Return the first texts, and ``and 4 more`` if those are not all."""
    everything = list(texts)
    more = len(everything) - shown
    return everything if more <= 0 else [*everything[:shown], f"and {more} more"]
