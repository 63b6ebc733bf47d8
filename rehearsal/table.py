"""The closing table on the terminal."""

from collections.abc import Sequence

from rich.table import Table

from rehearsal.report import Summary
from rehearsal.timeline import Proof


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
    """Return the figures in words: time, memory, and each model version's accuracy."""
    lines = [f"{summary.seconds:.0f} s from start to end, {summary.peak_bytes / 1e6:.0f} MB at the peak."]
    lines += [
        f"Version {version} read {right} of {of} scans rightly ({100 * right / of:.1f} %)."
        for version, (right, of) in summary.accuracy.items()
    ]
    return lines
