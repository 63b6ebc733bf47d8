"""How the extended rehearsal ends where it goes wrong. CI runs it whole: `make rehearse EXTENDED=1`."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.extended.context import ScenarioContext
from rehearsal.extended.deploy_repository import extended_subject
from rehearsal.extended.program import extended_program
from rehearsal.rehearse import rehearse
from rehearsal.timeline import Proof

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_scenario_with_a_row_that_does_not_hold_is_the_last_and_what_it_started_is_ended(tmp_path: Path) -> None:
    started: list[subprocess.Popen[bytes]] = []
    pids: list[int | None] = []

    def fails(context: ScenarioContext) -> Iterator[Proof]:
        started.append(context.stack.enter_context(subprocess.Popen(["sleep", "1000"])))
        context.stack.callback(started[0].kill)
        pids.extend(status.pid for device in context.devices if (status := device.status()))
        yield Proof("1 fails", "this holds", True, "seen")
        yield Proof("1 fails", "this does not", False, "not seen")
        yield Proof("1 fails", "this is still looked at", True, "seen")

    def never(_: ScenarioContext) -> Iterator[Proof]:
        yield Proof("2 never", "this is not played", True, "seen")

    shown: list[Proof] = []
    outcome = rehearse(
        extended_subject(REPOSITORY),
        tmp_path,
        program=extended_program(REPOSITORY, (fails, never)),
        tell=lambda _words, proof: shown.append(proof) if proof else None,
    )

    assert not outcome.holds
    assert [proof.claim for proof in outcome.proofs] == ["this holds", "this does not", "this is still looked at"]
    assert shown == list(outcome.proofs)
    assert "this does not" in outcome.report.read_text()
    assert started[0].poll() is not None
    assert len(pids) == 2
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def rehearse_extended(cwd: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*(sys.executable, "-m", "rehearsal", "run"), "--extended", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_extended_rehearsal_has_its_own_devices(tmp_path: Path) -> None:
    done = rehearse_extended(tmp_path, "--devices", "4")
    assert done.returncode == 2
    assert "--extended has its own two devices" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_repository_that_it_cannot_be_played_with_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = rehearse_extended(tmp_path)
    assert done.returncode == 1
    assert "greengrass-config.yml cannot be read" in done.stderr
    assert list(tmp_path.iterdir()) == []
