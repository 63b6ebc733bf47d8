"""What happened when: the rehearsal's own record, which the terminal shows and the report draws."""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """One event. ``at`` and ``seconds`` (its duration, 0 for a point) are seconds since the rehearsal began."""

    at: float
    lane: str
    words: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Proof:
    """One row of the closing table: the claim, whether it holds, and what was seen.

    A row that could not be ``tried`` on this machine says so, and does not fail the rehearsal.
    """

    scenario: str
    claim: str
    holds: bool
    seen: str
    tried: bool = True

    @property
    def mark(self) -> str:
        """The sign in the table."""
        if not self.tried:
            return "–"
        return "✓" if self.holds else "✗"


class Timeline:
    """Collects moments from several threads."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._began_at = datetime.now(UTC)
        self._moments: list[Moment] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since the rehearsal began."""
        return time.monotonic() - self._began

    def add(self, lane: str, words: str, *, began: float | None = None) -> None:
        """Record a point in time, or a span from ``began`` until now."""
        now = self.now()
        at = now if began is None else began
        with self._lock:
            self._moments.append(Moment(at, lane, words, now - at))

    def record(self, lane: str, words: str, *, at: float, seconds: float) -> None:
        """Record a span of ``seconds`` that began at ``at``, both on the clock of ``now``."""
        with self._lock:
            self._moments.append(Moment(at, lane, words, seconds))

    def record_message(self, lane: str, words: str, *, when: datetime) -> None:
        """Record a message of a device at its own timestamp, by the device's clock."""
        self.record(lane, words, at=max(0.0, (when - self._began_at).total_seconds()), seconds=0.0)

    def moments(self) -> list[Moment]:
        """Return all of them in the order of time."""
        with self._lock:
            return sorted(self._moments, key=lambda moment: moment.at)
