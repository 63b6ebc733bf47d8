"""How the rehearsal's command ends early. CI runs whole rehearsals by `make rehearse`."""

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
COMMAND = [sys.executable, "-m", "rehearsal", "run", "--repository", str(REPOSITORY)]


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
    assert "give 2 to 100 devices, for preprod and prod together" in done.stderr
    assert not folder.exists()
