"""The versions of a model that a rehearsal releases: good ones, the older first, and one that devices must refuse."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Candidate(Protocol):
    """One version of a model, which a person can approve and take back. Each member may wait, and may raise
    ``RehearsalError``: the version may still be in the making."""

    @property
    def name(self) -> str:
        """What people call it, such as ``digits linear``."""

    @property
    def released_as(self) -> str | None:
        """The version that its component will have; None if only the build knows it."""

    def approve(self) -> None:
        """Make it the version that the next build takes."""

    def take_back(self) -> None:
        """Make the next build take the version that was approved before it."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The versions of one model component. ``key`` is its key in the config; there is at least one good version."""

    key: str
    good: Sequence[Candidate]
    bad: Candidate | None = None
    served: bool = True
    """Whether an agent serves it. An application reads a model without a manifest by its own means."""
