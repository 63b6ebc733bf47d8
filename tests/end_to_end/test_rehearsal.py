"""The rehearsal's command, run once: exit code, table, report, and nothing left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

REPOSITORY = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "rehearsal.cli.main", "run", "--repository", str(REPOSITORY)]


def processes_of(folder: Path) -> list[str]:
    """The command lines that name the rehearsal's folder, and still run."""
    found = []
    for process in psutil.process_iter(["cmdline", "status", "cwd"]):
        words = " ".join(process.info["cmdline"] or [])
        inside = str(process.info["cwd"] or "").startswith(str(folder))
        if (str(folder) in words or inside) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(words)
    return found


def _nuclei(parent: int) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(parent).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "greengrass_emulator.nucleus" in child.cmdline():
                found.append(child)
    return found


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_the_rehearsal_proves_all_its_rows_and_ends_all_that_it_started(tmp_path: Path) -> None:
    """Under its roles' own permissions, the harder way to go; the scenarios without them are test_pipeline.py's."""
    folder = tmp_path / "rehearsal"
    done = subprocess.run(
        [*COMMAND, "--folder", str(folder), "--enforce-iam"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    for scenario in ("1 first release", "2 hot reload", "3 refusal", "4 way back", "5 nothing new"):
        assert scenario in done.stdout
    assert "✗" not in done.stdout
    assert "permissions: each call was allowed by the policies of its own role" in done.stdout
    assert (folder / "calls.jsonl").stat().st_size > 0
    assert "none lost, none twice" in (folder / "report.html").read_text()
    assert processes_of(folder) == []


@pytest.mark.slow
def test_ctrl_c_ends_everything_that_was_started(tmp_path: Path) -> None:
    folder = tmp_path / "rehearsal"
    with subprocess.Popen(
        [*COMMAND, "--folder", str(folder)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as rehearsal:
        # The worst moment: a device's process has begun, and whoever is to end it may not know it yet.
        ends = time.monotonic() + 60
        while not _nuclei(rehearsal.pid) and time.monotonic() < ends:
            time.sleep(0.001)
        # The terminal sends Ctrl-C to the whole foreground group.
        os.killpg(rehearsal.pid, signal.SIGINT)
        output, _ = rehearsal.communicate(timeout=60)
    assert rehearsal.returncode == 130, output
    assert "ended by Ctrl-C" in output
    assert processes_of(folder) == []


def test_too_few_devices_are_refused_before_anything_starts(tmp_path: Path) -> None:
    folder = tmp_path / "rehearsal"
    done = subprocess.run(
        [*COMMAND, "--folder", str(folder), "--devices", "1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "--devices 1: between 2 and 100" in done.stderr
    assert not folder.exists()
