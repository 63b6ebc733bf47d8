"""A device's clock, turned: what its nucleus waits for is due when the time has been turned past it."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from awsiot.greengrasscoreipc.model import FailedUpdateConditionCheckError
from greengrass_emulator.devices.device_faults import turn_device_clock
from greengrass_emulator.errors import NucleusError, WrongUse

A = "com.example.a"
STAY = "echo $SVCUID > svcuid; exec sleep 1000"
# Fails when it is told to, each try by itself.
FAILS = "echo x >> tries; n=$(wc -l < tries); while [ ! -e fail-$n ]; do sleep 0.05; done; exit 3"
# Is too slow, and well when it is tried again.
ONCE = "if [ -e svcuid ]; then exit 0; fi; " + STAY
HOUR = 3600.0


def _fail(device: Any, number: int, wait_until: Callable[..., Any]) -> None:
    tries = device.work(A) / "tries"
    wait_until(lambda: tries.exists() and len(tries.read_text().split()) == number and device.state(A) == "RUNNING")
    (device.work(A) / f"fail-{number}").touch()


def test_an_hour_after_two_errors_a_component_has_three_more(device: Any, wait_until: Callable[..., Any]) -> None:
    device.give(A, run=FAILS)
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    _fail(device, 1, wait_until)
    _fail(device, 2, wait_until)
    wait_until(lambda: (device.work(A) / "tries").read_text() == "x\n" * 3)
    turn_device_clock(device.root, HOUR + 1)
    for number in (3, 4):
        _fail(device, number, wait_until)
    # Classic counts errors, systemd the starts after them: there the third error did not count.
    last = 5 if device.runtime == "classic" else 6
    for number in range(5, last + 1):
        _fail(device, number, wait_until)
    device.until_state(A, "BROKEN")
    assert (device.work(A) / "tries").read_text() == "x\n" * last


def test_lite_waits_300_seconds_for_a_component_that_only_installs(lite: Any, wait_until: Callable[..., Any]) -> None:
    lite.give(A, install="echo done > installed")
    deployment = lite.ask_deployment(f"{A}=1.0.0")
    wait_until(lambda: "without a process is waited for" in lite.log())
    turn_device_clock(lite.root, 290)
    assert lite.status().deployments[-1].status == "IN_PROGRESS"
    turn_device_clock(lite.root, 10)
    ended = lite.ended(deployment)
    assert (ended.status, "lite would time out" in ended.cause) == ("FAILED", True)
    assert (lite.work(A) / "installed").exists()


def test_a_deferred_update_is_asked_about_again_when_its_time_has_come(
    classic: Any, events: Any, wait_until: Callable[..., Any]
) -> None:
    classic.give(A)
    classic.deploy(f"{A}=1.0.0")
    told, client = events(), classic.speak_as(A)
    client.subscribe_to_component_updates(**told.handlers())
    classic.give(A, "2.0.0")
    deployment = classic.ask_deployment(f"{A}=2.0.0")
    assert told.next().pre_update_event.deployment_id == deployment
    client.defer_component_update(deployment_id=deployment, recheck_after_ms=int(HOUR * 1000))
    wait_until(lambda: "an update is deferred" in classic.log())
    turn_device_clock(classic.root, HOUR - 60)
    assert told.none_within(0.2)
    turn_device_clock(classic.root, 60)
    assert told.next().pre_update_event.deployment_id == deployment
    client.defer_component_update(deployment_id=deployment, recheck_after_ms=0)
    assert classic.ended(deployment).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("steps", "seconds", "said"),
    [
        ({"startup": ONCE}, 120, "within 120 s"),
        ({"install": ONCE, "run": "exit 0"}, 120, "install was not done within 120"),
        ({"run": {"Script": ONCE, "Timeout": 600}}, 600, "run was not done within 600"),
    ],
)
def test_a_step_has_its_time_and_no_longer(
    classic: Any, wait_until: Callable[..., Any], steps: dict[str, Any], seconds: float, said: str
) -> None:
    classic.give(A, **steps)
    deployment = classic.ask_deployment(f"{A}=1.0.0")
    wait_until((classic.work(A) / "svcuid").exists)
    turn_device_clock(classic.root, seconds - 30)
    assert said not in classic.log()
    turn_device_clock(classic.root, 30)
    wait_until(lambda: said in classic.log())
    assert classic.ended(deployment).status == "SUCCEEDED"


def test_a_components_own_time_is_the_devices_time(classic: Any) -> None:
    # What it says now is newer than what the device wrote, however far that is ahead.
    turn_device_clock(classic.root, HOUR)
    classic.give(A, configuration={"n": 1})
    classic.deploy(f"{A}=1.0.0")
    client = classic.speak_as(A)
    now = datetime.now(UTC)
    client.update_configuration(value_to_merge={"n": 2}, timestamp=now)
    with pytest.raises(FailedUpdateConditionCheckError):
        client.update_configuration(value_to_merge={"n": 3}, timestamp=now - timedelta(minutes=1))
    assert client.get_configuration().value == {"n": 2}


def test_a_clock_is_turned_from_a_shell_forward_only_and_stays_so_over_a_restart(make_device: Any) -> None:
    device = make_device("classic")
    command = [
        sys.executable,
        "-m",
        "greengrass_emulator.cli.main",
        "fault",
        "turn-device-clock",
        "--root",
        str(device.root),
    ]
    said = subprocess.run([*command, "--ahead", "90"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert said == "thing-1: its clock is 90 s ahead\n"
    back = subprocess.run([*command, "--ahead", "-1"], capture_output=True, text=True, timeout=60, check=False)
    assert back.returncode == 2
    with pytest.raises(WrongUse, match="forward only"):
        turn_device_clock(device.root, -1)
    assert turn_device_clock(device.root, 10).clock_ahead == 100
    device.stop()
    with pytest.raises(NucleusError, match="no nucleus runs here"):
        turn_device_clock(device.root, 1)
    assert device.start().status().clock_ahead == 100
