"""The command line: it deploys on this machine, and says how it ended and what runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

A, B = "com.example.a", "com.example.b"


def test_the_command_line_deploys_and_says_how_it_ended(device: Any) -> None:
    device.give(A)
    device.give(B, run="exit 0")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "greengrass_emulator.cli.main", *arguments, "--root", str(device.root)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    given = ("--recipe-dir", str(device.recipes))
    done = run("deploy", *given, "--merge", f"{A}=1.0.0", "--merge", f"{B}=1.0.0")
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["SUCCEEDED", "SUCCESSFUL"]), done.stderr
    status = json.loads(run("status", "--json").stdout)
    assert {name: each["version"] for name, each in status["components"].items()} == {A: "1.0.0", B: "1.0.0"}
    assert f"{A} 1.0.0" in run("status").stdout
    done = run("deploy", "--remove", B)
    assert done.returncode == 0
    assert set(device.status().components) == {A}
    for arguments, code, said in (
        (("deploy", "--merge", f"{A}=9.9.9"), 1, "no version of"),
        (("deploy", "--merge", A), 2, "NAME=VERSION"),
        (("deploy", "--recipe-dir", "/nowhere"), 2, "not a folder"),
        (("deploy", "--update-config", "{"), 2, "not JSON"),
        (("deploy", "--failure-policy", "MAYBE"), 2, "DO_NOTHING"),
    ):
        failed = run(*arguments)
        assert (failed.returncode, said in failed.stderr) == (code, True), (arguments, failed.stderr)
        assert "Traceback" not in failed.stderr


def test_the_command_line_says_that_no_nucleus_runs(tmp_path: Path) -> None:
    for arguments in (("deploy", "--merge", "a=1.0.0"), ("status",)):
        command = [sys.executable, "-m", "greengrass_emulator.cli.main", *arguments, "--root", str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, "start one with" in ended.stderr) == (1, True)
