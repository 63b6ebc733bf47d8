"""The report: the table and the figures on the terminal, and one page with proofs and timeline, without a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from rehearsal.feeder import Answered
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
    """What the report tells besides the proofs."""

    seconds: float
    peak_bytes: int
    answered: Sequence[Answered]


def proofs_table(proofs: Sequence[Proof]) -> Table:
    """Return the table: one row for each proof, with a scenario's name in its first row."""
    table = Table(title="What was proven", title_justify="left", show_lines=False)
    table.add_column("")
    table.add_column("Scenario", no_wrap=True)
    table.add_column("Claim")
    table.add_column("Seen")
    last = ""
    for proof in proofs:
        colour = "green" if proof.holds else "red"
        table.add_row(
            f"[{colour}]{proof.mark}[/]", proof.scenario if proof.scenario != last else "", proof.claim, proof.seen
        )
        last = proof.scenario
    return table


def summary_lines(summary: Summary) -> list[str]:
    """Return the figures in words: time, memory, and what each model's version has answered."""
    return [
        f"{summary.seconds:.0f} s from start to end, {summary.peak_bytes / 1e6:.0f} MB at the peak.",
        *(f"{each.model} {each.version} {in_words(each)}." for each in summary.answered),
    ]


def in_words(answered: Answered) -> str:
    """Return what a version has done, without its name."""
    if answered.right is None:
        return f"gave {answered.frames} predictions"
    share = 100 * answered.right / answered.frames
    return f"read {answered.right} of {answered.frames} scans rightly ({share:.1f} %)"


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
        in_words=in_words,
        peak_mb=summary.peak_bytes / 1e6,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
    path.write_text(text, encoding="utf-8")
