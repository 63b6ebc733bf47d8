"""One size, and the most that it may be."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``what`` is measured, ``why`` says what becomes of one that is too large, ``remedy`` what makes it smaller.

    One that is not ``binding`` is worth a warning, and no refusal.
    """

    what: str
    size: int
    most: int
    why: str
    remedy: str
    unit: str = "bytes"
    binding: bool = True

    @property
    def over(self) -> bool:
        """Whether it is too large."""
        return self.size > self.most

    @property
    def share(self) -> float:
        """The part of the most that it takes."""
        return self.size / self.most

    @property
    def words(self) -> str:
        """``the fleet status has 5103 bytes, and 5000 is the most``."""
        return f"{self.what} has {self.size} {self.unit}, and {self.most} is the most"

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"what": self.what, "size": self.size, "most": self.most, "unit": self.unit}

    @property
    def warning(self) -> str:
        """All of it in one line."""
        return f"{self.words}: {self.why}; {self.remedy}"


def too_large(figures: Iterable[Figure]) -> list[Figure]:
    """Those that must not be, the worst first."""
    return sorted((each for each in figures if each.over and each.binding), key=lambda each: -each.share)


def warned_of(figures: Iterable[Figure]) -> list[Figure]:
    """Those that are too large and no reason to refuse anything."""
    return [each for each in figures if each.over and not each.binding]


def remedies(figures: Iterable[Figure]) -> str:
    """What to do about them, each remedy once."""
    return "; ".join(dict.fromkeys(each.remedy for each in figures))


def reasons(figures: Iterable[Figure]) -> str:
    """What would become of them, each consequence once."""
    return "; ".join(dict.fromkeys(each.why for each in figures))
