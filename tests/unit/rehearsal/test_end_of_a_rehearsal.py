"""What `mlops-rehearsal run` prints at its end, and its exit code, for rows that hold and rows that do not."""

import sys
from pathlib import Path

import pytest

from rehearsal import rehearse
from rehearsal.cli.main import main
from rehearsal.feeder import Answered
from rehearsal.rehearse import Outcome
from rehearsal.report import Summary
from rehearsal.timeline import Proof

HOLDS = Proof("1 first release", "every device confirms 1.0.0", True, "4 of 4 devices")
FAILS = Proof("2 hot reload", "every scan has exactly one prediction", False, "dev-1: 2 lost")


def run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *proofs: Proof
) -> tuple[int, str]:
    """The exit code and what was printed, for a rehearsal that gave these proofs."""
    log = folder / "dev.log"
    log.write_text("".join(f"line {number}\n" for number in range(30)))
    outcome = Outcome(
        proofs, Summary(61.0, 700_000_000, [Answered("digits", "1.0.0", 10, 9)]), folder / "report.html", log
    )
    monkeypatch.setattr(rehearse, "rehearse", lambda *_, **__: outcome)
    monkeypatch.setattr(sys, "argv", ["mlops-rehearsal", "run", "--folder", str(folder / "run")])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), capsys.readouterr().out


def test_all_rows_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = run(tmp_path, monkeypatch, capsys, HOLDS)
    assert code == 0
    for words in ("✓", "1 first release", "every device confirms 1.0.0", "4 of 4 devices", "report.html"):
        assert words in printed
    assert "61 s from start to end, 700 MB at the peak." in printed
    assert "digits 1.0.0 read 9 of 10 scans rightly (90.0 %)." in printed
    assert "✗" not in printed
    assert "line 29" not in printed


def test_a_row_that_does_not_hold_makes_the_command_fail_and_shows_the_failed_stages_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = run(tmp_path, monkeypatch, capsys, HOLDS, FAILS)
    assert code == 1
    assert "✗" in printed
    assert "Does not hold: 2 hot reload: every scan has exactly one prediction (seen: dev-1: 2 lost)" in printed
    assert "line 9\n" not in printed
    assert "line 10\n" in printed
    assert "line 29\n" in printed
