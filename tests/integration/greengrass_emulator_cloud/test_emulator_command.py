"""`greengrass-emulator up` and `provision`, as processes."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.cloud_state import read_state
from greengrass_emulator.errors import CloudNotRunning

COMMAND = [sys.executable, "-m", "greengrass_emulator.cli.main"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def running_cloud(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    state = tmp_path / "state"
    arguments = ["up", "--state", str(state), "--accounts", "dev=444444444444,line=555555555555"]
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (state / "cloud.json").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no cloud.json within 60 s"
        time.sleep(0.05)
    try:
        yield process, state
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def test_other_processes_use_a_cloud_until_it_is_ended(
    running_cloud: tuple[subprocess.Popen[str], Path], tmp_path: Path
) -> None:
    process, folder = running_cloud
    state = read_state(folder / "cloud.json")
    assert state.accounts["line"].id == "555555555555"
    assert oct((folder / "cloud.json").stat().st_mode & 0o777) == "0o600"
    device = tmp_path / "device"
    arguments = ["--state", str(folder), "--device", str(device), "--thing", "cam", "--account", "line"]
    made = run("provision", *arguments, "--group", "cameras")
    assert made.returncode == 0, made.stderr
    assert str(device / "config.yaml") in made.stdout
    config = yaml.safe_load((device / "config.yaml").read_text())
    assert config["system"]["thingName"] == "cam"
    nucleus = config["services"]["aws.greengrass.Nucleus"]["configuration"]
    assert nucleus["mqtt"]["port"] == state.accounts["line"].broker_port
    assert state.client("iot", "line").list_things_in_thing_group(thingGroupName="cameras")["things"] == ["cam"]
    assert run("provision", *arguments).returncode == 0, "a second time renews the certificate"
    refused = run("provision", *arguments[:-1], "nowhere")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "There is no account 'nowhere'\n    this cloud has dev, line" in refused.stderr
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=40) == 0
    assert not (folder / "cloud.json").exists()


@pytest.mark.parametrize(
    ("accounts", "message"),
    [
        ("dev", "'dev' is not name=id"),
        ("dev=12", "'12' is not an account id"),
        ("dev=111111111111,dev=222222222222", "is there twice"),
        ("dev=111111111111,prod=111111111111", "Two accounts have one id"),
        ("Dev=111111111111", "is not an account name"),
    ],
)
def test_invalid_accounts_are_refused(tmp_path: Path, accounts: str, message: str) -> None:
    refused = run("up", "--state", str(tmp_path), "--accounts", accounts)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", [None, "{}", "no json", json.dumps({"gatewayUrl": 1})])
def test_provisioning_without_a_cloud_says_what_to_do(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "cloud.json").write_text(text)
    refused = run("provision", "--state", str(tmp_path), "--device", str(tmp_path / "d"), "--thing", "x")
    assert refused.returncode == 2
    assert str(tmp_path / "cloud.json") in refused.stderr
    assert "Traceback" not in refused.stderr


def test_there_is_one_cloud_in_a_process(greengrass_cloud: Cloud) -> None:
    with pytest.raises(CloudNotRunning, match="Another cloud runs in this process"):
        Cloud().start()


def test_a_cloud_that_was_not_started_says_so() -> None:
    with pytest.raises(CloudNotRunning, match="start"):
        Cloud().client("s3")
