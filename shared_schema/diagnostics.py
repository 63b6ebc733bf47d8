"""What every command says and how it ends: diagnostics, exit codes, and a list cut short."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    # Only for its type: `--help` must not wait for pydantic.
    from shared_schema.json_value import JsonObject

DocumentPath: TypeAlias = tuple[str | int, ...]
"""The path to a value in a document: keys and list indices from its top."""


class ExitCode(IntEnum):
    """How a command ends, the same for all commands."""

    DONE = 0
    FAILED = 1
    INVALID = 2
    """Wrong use, or an invalid document."""
    CHANGES = 3
    """``plan``, ``init --upgrade``: there are changes, and none was made."""
    DIFFERS = 4
    """``status``: the fleet is not as released."""
    REJECTED = 5
    """The checks of a device rejected a model."""
    TIMED_OUT = 6
    """The fleet did not answer in time, or nobody is there to confirm."""


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """It does not work. The command fails."""
    WARNING = "warning"
    """It may not work."""
    NOTE = "note"
    """It works, and could be better or is worth knowing. Never fails a command."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is. ``line`` and ``column`` count from 1, and are 0 for the file as a whole.

    ``path`` is the place in the document, such as ``("components", "digits", "build")``; empty for its top.
    """

    file: str
    line: int = 0
    column: int = 0
    path: DocumentPath = ()

    def __str__(self) -> str:
        file = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{file}: {dotted(self.path)}" if self.path else file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What is wrong, where, and what to do about it.

    ``code`` is empty where no page explains it by a code, ``remedy`` where there is nothing to do.
    """

    place: Place
    problem: str
    remedy: str = ""
    code: str = ""
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        """Whether it fails the command."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        kind = f" {self.severity} {self.code}".rstrip() + ":" if self.code or not self.is_error else ""
        file = str(Place(self.place.file, self.place.line, self.place.column))
        path = f" {dotted(self.place.path)}:" if self.place.path else ""
        remedy = f"\n    {self.remedy}" if self.remedy else ""
        return f"{file}:{kind}{path} {self.problem}{remedy}"

    def as_json(self) -> "JsonObject":
        """The diagnostic for ``--json``: code, severity, file, line, column, path, problem, remedy."""
        return {
            "code": self.code or None,
            "severity": self.severity.value,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "path": dotted(self.place.path),
            "problem": self.problem,
            "remedy": self.remedy or None,
        }


def dotted(path: DocumentPath) -> str:
    """Return ``("components", "a", "build", 0)`` as ``components.a.build[0]``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else (f".{step}" if text else step)
    return text


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics in the order of the files' lines, each once."""
    return sorted(dict.fromkeys(diagnostics), key=lambda each: (each.place.file, each.place.line, each.place.column))


def first_few(texts: Iterable[str], shown: int) -> list[str]:
    """Return the first texts, and ``and 4 more`` if those are not all."""
    everything = list(texts)
    more = len(everything) - shown
    return everything if more <= 0 else [*everything[:shown], f"and {more} more"]
