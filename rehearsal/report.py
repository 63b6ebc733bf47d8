"""`rehearsal/report.html`: one page with the proofs and the timeline. It needs no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.timeline import Moment, Proof

_LANE_HEIGHT = 34
_WIDTH = 1000


@dataclass(frozen=True, slots=True)
class _Bar:
    """One moment as it is drawn, in the picture's own units."""

    x: float
    y: float
    width: float
    words: str
    at: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What the report tells besides the proofs. ``accuracy`` is by model version: (scans read rightly, all scans)."""

    seconds: float
    peak_bytes: int
    accuracy: Mapping[str, tuple[int, int]]


def write_report(path: Path, proofs: Sequence[Proof], moments: Sequence[Moment], summary: Summary) -> None:
    """Write the page; an existing file at ``path`` is replaced."""
    from jinja2 import Environment, PackageLoader  # noqa: PLC0415 - only the end of a rehearsal needs it

    environment = Environment(loader=PackageLoader("rehearsal"), autoescape=True)
    lanes = list(dict.fromkeys(moment.lane for moment in moments))
    length = max([summary.seconds, *(moment.at + moment.seconds for moment in moments)])
    scale = _WIDTH / length if length else 1.0
    bars = [
        _Bar(
            x=moment.at * scale,
            y=lanes.index(moment.lane) * _LANE_HEIGHT,
            width=max(3.0, moment.seconds * scale),
            words=moment.words,
            at=moment.at,
        )
        for moment in moments
    ]
    ticks = [(second * scale, second) for second in range(0, int(length) + 1, 5)]
    text = environment.get_template("report.html.j2").render(
        proofs=proofs,
        passed=all(proof.holds for proof in proofs),
        moments=moments,
        bars=bars,
        ticks=ticks,
        lanes=[(index * _LANE_HEIGHT, lane) for index, lane in enumerate(lanes)],
        height=len(lanes) * _LANE_HEIGHT + 24,
        width=_WIDTH,
        lane_height=_LANE_HEIGHT,
        summary=summary,
        peak_mb=summary.peak_bytes / 1e6,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
    path.write_text(text, encoding="utf-8")
