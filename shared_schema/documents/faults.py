"""A document's faults: what is wrong, where, and what would be right."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``line`` and ``column`` count from 1, and are 0 for the file as a whole.

    ``path`` is the place in the document, such as ``custom-components.digits.build``; empty for its top.
    """

    file: str
    line: int
    column: int
    path: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        where = f" {self.path}:" if self.path else ""
        return f"{place}:{where} {self.problem}\n    {self.remedy}"

    def as_json(self) -> dict[str, Any]:
        """The fault for ``--json``: file, line, column, path, problem, remedy."""
        return asdict(self)


class DocumentError(ValueError):
    """A document is invalid. ``faults`` has every fault that was found, in the file's order."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: (fault.file, fault.line, fault.column))
        super().__init__("\n".join(str(fault) for fault in self.faults))
