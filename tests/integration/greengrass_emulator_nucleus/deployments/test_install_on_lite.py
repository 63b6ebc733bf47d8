"""Installing on lite: while it lasts, and after it failed, systemd starts neither version (seen on 2.6.0)."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from awsiot.greengrasscoreipc.model import ServiceError
from greengrass_emulator.devices.device_faults import turn_device_clock

A, B = "com.example.a", "com.example.b"
STAY = "echo $SVCUID > svcuid; exec sleep 1000"
# Stays until somebody lets it go on.
HELD = "echo held >> steps; while [ ! -e go ]; do sleep 0.02; done"


def fault(device: Any, *words: str) -> str:
    command = [sys.executable, "-m", "greengrass_emulator.cli.main", "fault", *words, "--root", str(device.root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def steps(device: Any) -> list[str]:
    file: Path = device.work(A) / "steps"
    return file.read_text().split() if file.exists() else []


def run(version: str) -> str:
    return f"echo run-{version} >> steps; {STAY}"


@pytest.fixture
def running(lite: Any, wait_until: Any) -> Any:
    """A lite device whose component runs in its first version."""
    lite.give(A, run=run("1"))
    assert lite.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    wait_until(lambda: steps(lite) == ["run-1"])
    return lite


@pytest.fixture
def failed(running: Any) -> Any:
    """The same, after the install of its second version has failed."""
    running.give(A, "2.0.0", install="echo install >> steps; exit 7", run=run("2"))
    ended = running.deploy(f"{A}=2.0.0")
    assert (ended.status, "2.0.0 is not installed: install ended with 7" in ended.cause) == ("FAILED", True)
    return running


def test_the_old_version_runs_while_the_new_one_is_installed_and_ends_when_it_is(running: Any, wait_until: Any) -> None:
    pid = running.pid(A)
    running.give(A, "2.0.0", install=HELD, run=run("2"))
    deployment = running.ask_deployment(f"{A}=2.0.0")
    wait_until(lambda: "held" in steps(running))
    assert (running.pid(A), running.state(A)) == (pid, "RUNNING")
    (running.work(A) / "go").touch()
    assert running.ended(deployment).status == "SUCCEEDED"
    wait_until(lambda: steps(running) == ["run-1", "held", "run-2"])
    assert running.pid(A) != pid


def test_a_failed_install_is_tried_three_times_and_the_old_version_is_not_started_again(
    failed: Any, alive: Any, wait_until: Any
) -> None:
    assert steps(failed) == ["run-1", *["install"] * 3]
    pid = failed.pid(A)
    assert alive(pid)
    command_line = json.loads((failed.root / "cli_ipc_info" / "user-0.json").read_text())["cli_auth_token"]
    with pytest.raises(ServiceError):
        failed.connect(command_line).restart_component(component_name=A)
    os.kill(pid, signal.SIGKILL)
    failed.until_state(A, "ERRORED")
    turn_device_clock(failed.root, 60)
    wait_until(lambda: not alive(pid))
    time.sleep(0.2)
    assert (failed.state(A), failed.status().components[A].pid) == ("ERRORED", None)
    # A restart of the device does not bring it back; a deployment does.
    assert fault(failed, "reboot") == "thing-1: the device was restarted\n"
    assert (failed.state(A), failed.status().components[A].pid) == ("INSTALLED", None)
    failed.give(A, "2.0.0", install="echo well >> steps", run=run("2"))
    assert failed.deploy(f"{A}=2.0.0").status == "SUCCEEDED"
    wait_until(lambda: steps(failed)[-2:] == ["well", "run-2"])


def test_a_deployment_of_what_runs_still_in_its_old_version_does_nothing(failed: Any) -> None:
    # ggconfigd has the new version already, and the unit is active.
    pid = failed.pid(A)
    failed.give(A, "2.0.0", install="echo well >> steps", run=run("2"))
    assert failed.deploy(f"{A}=2.0.0").status == "SUCCEEDED"
    assert (failed.pid(A), steps(failed)[-1]) == (pid, "install")


def test_a_reboot_during_an_install_leaves_neither_version_and_no_deployment(running: Any, wait_until: Any) -> None:
    running.give(A, "2.0.0", install=HELD, run=run("2"))
    running.ask_deployment(f"{A}=2.0.0")
    wait_until(lambda: "held" in steps(running))
    fault(running, "reboot")
    assert running.status().deployments == []
    assert (running.state(A), running.status().components[A].pid) == ("INSTALLED", None)
    assert steps(running) == ["run-1", "held"]


def test_a_crash_of_another_component_meanwhile_starts_its_new_version(running: Any, wait_until: Any) -> None:
    running.give(B, run="echo one >> ran; exec sleep 1000")
    running.deploy(f"{A}=1.0.0", f"{B}=1.0.0")
    pid = running.pid(B)
    running.give(A, "2.0.0", install=HELD, run=run("2"))
    running.give(B, "2.0.0", run="echo two >> ran; exec sleep 1000")
    deployment = running.ask_deployment(f"{A}=2.0.0", f"{B}=2.0.0")
    wait_until(lambda: "held" in steps(running))
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: (running.work(B) / "ran").read_text().split() == ["one", "two"])
    (running.work(A) / "go").touch()
    assert running.ended(deployment).status == "SUCCEEDED"


def test_a_version_without_install_runs_the_one_that_an_earlier_version_left(lite: Any, wait_until: Any) -> None:
    lite.give(A, install="echo left-over >> steps", run=run("1"))
    lite.deploy(f"{A}=1.0.0")
    lite.give(A, "2.0.0", run=run("2"))
    assert lite.deploy(f"{A}=2.0.0").status == "SUCCEEDED"
    wait_until(lambda: steps(lite) == ["left-over", "run-1", "left-over", "run-2"])
    # Its recipe went with the version before: a third one has nothing to run there.
    (lite.recipes / f"{A}-1.0.0.json").unlink()
    lite.give(A, "3.0.0", run=run("3"))
    ended = lite.deploy(f"{A}=3.0.0")
    assert (ended.status, "the recipe of com.example.a 1.0.0" in ended.cause) == ("FAILED", True)


def test_a_configuration_installs_again(lite: Any, wait_until: Any) -> None:
    lite.give(A, install="echo install >> steps", run=run("1"))
    lite.deploy(f"{A}=1.0.0")
    assert lite.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"n": 1}}}).status == "SUCCEEDED"
    wait_until(lambda: steps(lite) == ["install", "run-1"] * 2)
    # With nothing new it goes on as it is.
    assert lite.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    assert steps(lite) == ["install", "run-1"] * 2


def test_a_new_version_without_install_stops_the_old_one_and_starts(running: Any, wait_until: Any, alive: Any) -> None:
    pid = running.pid(A)
    running.give(A, "2.0.0", run=run("2"))
    assert running.deploy(f"{A}=2.0.0").status == "SUCCEEDED"
    wait_until(lambda: steps(running) == ["run-1", "run-2"])
    assert not alive(pid)
    fault(running, "reboot")
    wait_until(lambda: steps(running) == ["run-1", "run-2", "run-2"])


def test_a_bootstrap_restarts_the_device_and_the_deployment_goes_on(running: Any, wait_until: Any, alive: Any) -> None:
    pid, boot = running.pid(A), running.status().boot
    running.give(A, "2.0.0", bootstrap="echo bootstrap >> steps; exit 1", run=run("2"))
    deployment = running.ask_deployment(f"{A}=2.0.0")
    wait_until(lambda: (now := running.status_or_none()) and now.boot != boot)
    assert running.ended(deployment).status == "SUCCEEDED"
    assert not alive(pid)
    # It failed, and nobody minds.
    wait_until(lambda: steps(running) == ["run-1", "bootstrap", "run-2"])
    assert running.status().pid == running.process.pid


@pytest.mark.parametrize(("written", "status"), [("true", "SUCCEEDED"), (False, "SUCCEEDED"), ("yes", "FAILED")])
def test_lite_takes_true_and_false_for_a_privilege_and_no_other_word(lite: Any, written: object, status: str) -> None:
    lite.give(A, run={"Script": "exit 0", "RequiresPrivilege": written})
    assert lite.deploy(f"{A}=1.0.0").status == status


def test_a_reboot_of_a_classic_device_starts_everything_again(classic: Any, alive: Any) -> None:
    classic.give(A)
    classic.deploy(f"{A}=1.0.0")
    pid = classic.pid(A)
    fault(classic, "reboot")
    classic.until_state(A, "RUNNING")
    assert not alive(pid)
