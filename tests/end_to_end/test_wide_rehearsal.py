"""A cut of the wide rehearsal: everything at once on both runtimes, and bad days. `make rehearse WIDE=1` has all."""

import subprocess
import sys
from pathlib import Path

import pytest

from greengrass_emulator.rehearsal.rehearse import rehearse
from greengrass_emulator.rehearsal.timeline import Proof
from greengrass_emulator.rehearsal.wide.all_at_once import all_at_once
from greengrass_emulator.rehearsal.wide.bad_days import bad_days
from greengrass_emulator.rehearsal.wide.program import wide

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_agent_with_four_models_is_left_alone_on_bad_days_on_both_runtimes(tmp_path: Path) -> None:
    told: list[Proof] = []
    folder = tmp_path / "wide"
    folder.mkdir()

    outcome = rehearse(
        REPOSITORY,
        folder,
        program=wide(REPOSITORY, (all_at_once, bad_days)),
        tell=lambda _words, proof: told.append(proof) if proof else None,
    )

    assert [f"{proof.claim}: {proof.seen}" for proof in outcome.proofs if not proof.holds] == []
    assert told == list(outcome.proofs)
    # Neither act ended before its last row.
    assert {proof.act for proof in outcome.proofs} == {"1 all at once", "4 bad days"}
    assert len(outcome.proofs) >= 20
    page = outcome.report.read_text()
    assert all(claim in page for claim in ("hard samples are kept", "a killed agent comes back"))


def rehearse_wide(cwd: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*(sys.executable, "-m", "greengrass_emulator.cli.main", "rehearse"), "--wide", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_wide_rehearsal_has_its_own_devices(tmp_path: Path) -> None:
    done = rehearse_wide(tmp_path, "--devices", "4")
    assert done.returncode == 2
    assert "--wide has its own two devices" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_repository_that_it_cannot_be_played_with_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = rehearse_wide(tmp_path)
    assert done.returncode == 1
    assert "greengrass-config.yml cannot be read" in done.stderr
    assert list(tmp_path.iterdir()) == []
