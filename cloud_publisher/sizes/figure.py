"""One size and its limit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A size. ``what`` is measured, ``why`` says what happens beyond the limit, ``remedy`` what makes it smaller.

    If it is not ``binding``, it is a warning and no refusal.
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
        """Whether the size is beyond its limit."""
        return self.size > self.most

    @property
    def share(self) -> float:
        """The size as a share of its limit."""
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
        """The figure, with reason and remedy, in one line."""
        return f"{self.words}: {self.why}; {self.remedy}"


def too_large(figures: Iterable[Figure]) -> list[Figure]:
    """Return the figures that forbid the deployment, the worst first."""
    return sorted((each for each in figures if each.over and each.binding), key=lambda each: -each.share)


def warned_of(figures: Iterable[Figure]) -> list[Figure]:
    """Return the figures that are too large but forbid nothing."""
    return [each for each in figures if each.over and not each.binding]


def remedies(figures: Iterable[Figure]) -> str:
    """Return what to do about the figures, each remedy once."""
    return "; ".join(dict.fromkeys(each.remedy for each in figures))


def reasons(figures: Iterable[Figure]) -> str:
    """Return what would happen, each consequence once."""
    return "; ".join(dict.fromkeys(each.why for each in figures))
