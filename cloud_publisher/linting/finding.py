"""One finding of the linter, for people and pipelines."""

from dataclasses import dataclass
from typing import Any

from cloud_publisher.linting.rules import Severity
from shared_schema.documents.positions import Way
from shared_schema.documents.reading import dotted


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``line`` and ``column`` count from 1, and are 0 for the file as a whole."""

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    way: Way
    problem: str
    remedy: str

    @property
    def path(self) -> str:
        """The place in the recipe, such as ``Manifests[0].Lifecycle.run``; empty for its top."""
        return dotted(self.way)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        where = f" {self.path}:" if self.path else ""
        return f"{place}: {self.severity} {self.code}:{where} {self.problem}\n    {self.remedy}"

    def as_json(self) -> dict[str, Any]:
        """The finding for ``--json``."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "problem": self.problem,
            "remedy": self.remedy,
        }
