"""A nucleus's own begin and end: its config, its one root, its signals, and its components with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

A = "com.example.a"

STAY = "echo $SVCUID > svcuid; exec sleep 1000"


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_on_lite_components_end_with_the_process_of_the_nucleus(lite: Any, wait_until: Any, alive: Any) -> None:
    lite.give(A, run="sleep 1000 & echo $! > child; wait")
    lite.deploy(f"{A}=1.0.0")
    child = int(wait_until(lambda: _text(lite.work(A) / "child")))
    pid = lite.pid(A)
    lite.kill()
    wait_until(lambda: not alive(pid) and not alive(child), 5)


def test_classic_leaves_its_components_when_it_is_killed_and_starts_them_once_more_beside(
    make_device: Any, wait_until: Any, alive: Any
) -> None:
    device = make_device("classic")
    # The child leaves the step's process group, as a daemon does.
    device.give(A, run="setsid sleep 1000 & echo $! >> children; wait")
    device.deploy(f"{A}=1.0.0")
    wait_until(lambda: _text(device.work(A) / "children"))
    first = device.pid(A)
    device.kill()
    (device.root / "nucleus.json").unlink()
    device.start()
    device.until_state(A, "RUNNING")
    second = device.pid(A)
    children = wait_until(lambda: len(found := _text(device.work(A) / "children").split()) == 2 and found)
    everybody = [first, second, *map(int, children)]
    assert first != second
    assert all(alive(pid) for pid in everybody)
    # A deployment restarts the second alone: of the first this nucleus knows nothing.
    device.give(A, run="sleep 1000")
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    assert (alive(first), alive(second)) == (True, False)
    device.stop()
    assert not any(alive(pid) for pid in everybody)


def test_a_nucleus_that_is_started_again_goes_on(device: Any, wait_until: Any) -> None:
    device.give(A, configuration={"n": 1}, install="echo install >> steps", run="rm -f svcuid; " + STAY)
    device.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"n": 2}}})
    device.kill()
    (device.root / "nucleus.json").unlink()
    device.start()
    device.until_state(A, "RUNNING")
    assert device.speak_as(A).get_configuration().value == {"n": 2}
    # Classic installs at each launch; lite once.
    installs = 2 if device.runtime == "classic" else 1
    assert (device.work(A) / "steps").read_text().split() == ["install"] * installs
    assert device.deploy(remove=(A,)).status == "SUCCEEDED"
    assert device.status().components == {}


def test_sigint_ends_a_nucleus_as_well(classic: Any) -> None:
    classic.process.send_signal(signal.SIGINT)
    assert classic.process.wait(10) == 0
    assert classic.status_or_none() is None


def _nucleus(config: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "greengrass_emulator.nucleus", "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_root_folder_has_one_nucleus(classic: Any) -> None:
    second = _nucleus(classic.config)
    assert (second.returncode, "another nucleus" in second.stderr) == (1, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("a: [", "is not YAML"),
        ("[]", "not a mapping"),
        ("system: {rootpath: r}", "thingName"),
        (
            "system: {rootpath: r, thingName: t}\n"
            "services: {aws.greengrass.Nucleus: {configuration: {iotDataEndpoint: localhost}}}",
            "greengrassDataPlaneEndpoint",
        ),
        (
            "system: {rootpath: r, thingName: t}\n"
            "services: {aws.greengrass.Nucleus: {configuration: {mqtt: {port: 99999}}}}",
            "port",
        ),
    ],
)
def test_an_invalid_config_is_one_clear_error(tmp_path: Path, text: str | None, said: str) -> None:
    config = tmp_path / "config.yaml"
    if text is not None:
        config.write_text(text)
    ended = _nucleus(config)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert str(config) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_root_too_deep_for_a_socket_gets_a_short_one_that_is_cleaned_up(tmp_path: Path, make_device: Any) -> None:
    folder = tmp_path / ("deep-" * 20) / ("down-" * 10)
    folder.mkdir(parents=True)
    config = folder / "config.yaml"
    user = f"{os.geteuid()}:{os.getegid()}"
    config.write_text(
        f"system: {{rootpath: {folder / 'root'}, thingName: thing-1}}\n"
        f"services: {{aws.greengrass.Nucleus: {{configuration: {{runWithDefault: {{posixUser: '{user}'}}}}}}}}"
    )
    device = make_device("classic", config)
    socket = Path(device.status().socket)
    assert len(str(socket)) < 108
    device.give(A)
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    device.speak_as(A).get_configuration()
    device.stop()
    assert not socket.parent.exists()
