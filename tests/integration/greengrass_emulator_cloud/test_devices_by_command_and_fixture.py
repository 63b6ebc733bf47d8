"""Devices of ``greengrass-emulator up --device`` and of the fixtures, also under faults."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.cloud_state import read_state
from greengrass_emulator.cloud.provisioning import provision_device
from greengrass_emulator.cloud.seeding import SeededCloud
from greengrass_emulator.devices.local_deployment import LocalDeployment, deploy_locally, wait_for_deployment
from greengrass_emulator.devices.running_device import RunningDevice
from greengrass_emulator.errors import NucleusError
from greengrass_emulator.nucleus.lifecycle.process_owners import orphans
from greengrass_emulator.nucleus.status_file import read_status

COMMAND = [sys.executable, "-m", "greengrass_emulator.cli.main"]


def start_up(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, "up", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def give_recipe(folder: Path, name: str, run: str) -> None:
    manifest = {"Platform": {"os": "linux"}, "Lifecycle": {"run": run}}
    identity = {"RecipeFormatVersion": "2020-01-25", "ComponentName": name, "ComponentVersion": "1.0.0"}
    (folder / f"{name}-1.0.0.json").write_text(json.dumps({**identity, "Manifests": [manifest]}))


def read_until(process: subprocess.Popen[str], text: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or text not in lines[-1]:
        line = process.stdout.readline()
        assert line, (lines, process.communicate())
        lines.append(line.rstrip())
    return lines


def test_up_runs_devices_by_name_and_ctrl_c_ends_all_of_them(tmp_path: Path) -> None:
    state = tmp_path / "state"
    process = start_up("--state", str(state), "--device", "cam", "--device", "tiny=lite@prod:line-1")
    try:
        lines = read_until(process, "The cloud runs at")
        assert [line.partition(";")[0] for line in lines[:2]] == ["cam runs (classic)", "tiny runs (lite)"]
        cloud = read_state(state / "cloud.json")
        assert cloud.client("iot", "prod").list_things_in_thing_group(thingGroupName="line-1")["things"] == ["tiny"]
        assert cloud.client("iot", "dev").describe_thing(thingName="cam")["thingName"] == "cam"
        statuses = [read_status(state / "devices" / name / "root") for name in ("cam", "tiny")]
        pids = [status.pid for status in statuses if status is not None]
        assert [os.kill(pid, 0) for pid in pids] == [None, None]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert (state / "devices" / "cam" / "root" / "logs" / "greengrass.log").exists(), "what was named is kept"
    assert not (state / "cloud.json").exists()


def test_up_without_a_folder_leaves_nothing_behind() -> None:
    process = start_up()
    try:
        folder = Path(read_until(process, "The cloud runs at")[-1].split("; ")[1].split()[0]).parent
        assert folder.is_dir()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("devices", "message"),
    [
        (("cam=docker",), "write NAME"),
        (("cam", "cam=lite"), "is there twice"),
        (("cam@nowhere",), "There is no account 'nowhere'"),
    ],
)
def test_invalid_device_options_are_refused(tmp_path: Path, devices: tuple[str, ...], message: str) -> None:
    options = [part for device in devices for part in ("--device", device)]
    process = start_up("--state", str(tmp_path / "state"), *options)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert message in stderr
    assert "Traceback" not in stderr


def test_a_nucleus_is_killed_from_a_shell_and_comes_back(greengrass_device: RunningDevice) -> None:
    command = [*COMMAND, "fault", "kill-nucleus", "--root", str(greengrass_device.root)]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert killed.returncode == 0, killed.stderr
    with pytest.raises(NucleusError, match="has ended"):
        greengrass_device.until(lambda: False, seconds=10)
    again = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 1
    assert "no nucleus runs here" in again.stderr
    greengrass_device.start()


def test_the_power_of_a_device_is_cut_from_a_shell(greengrass_device: RunningDevice, tmp_path: Path) -> None:
    give_recipe(tmp_path, "com.example.stay", "sleep 1000")
    greengrass_device.deploy({"com.example.stay": "1.0.0"}, recipes=tmp_path)
    assert list(orphans(greengrass_device.root)) != []
    command = [*COMMAND, "fault", "cut-power", "--root", str(greengrass_device.root)]
    cut = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert cut.returncode == 0, cut.stderr
    with pytest.raises(NucleusError, match="has ended"):
        greengrass_device.until(lambda: False, seconds=10)
    assert list(orphans(greengrass_device.root)) == []
    greengrass_device.start().wait_for_state("com.example.stay", "RUNNING")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs components as others")
def test_components_run_as_the_user_that_the_command_names(tmp_path: Path) -> None:
    process = start_up("--device", "cam", "--component-user", "nobody")
    try:
        root = Path(read_until(process, "cam runs")[-1].partition("--root ")[2])
        give_recipe(tmp_path, "com.example.who", "id -un > who; exec sleep 1000")
        deployment = deploy_locally(root, LocalDeployment({"com.example.who": "1.0.0"}, (), tmp_path, None, {}))
        assert wait_for_deployment(root, deployment, 60).status == "SUCCEEDED"
        assert (root / "work" / "com.example.who" / "who").read_text().strip() == "nobody"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_device_gets_its_deployment_when_it_is_joined_again(
    greengrass_cloud: Cloud,
    seeded_cloud: SeededCloud,
    greengrass_devices: Callable[..., RunningDevice],
    unique: str,
    wait_until_settled: Callable[[Any, str], dict[str, Any]],
) -> None:
    device = greengrass_devices(account="preprod", groups=(unique,), thing=f"{unique}-cam")
    greengrass = greengrass_cloud.client("greengrassv2", account="preprod")
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("said.txt", "hello")
    key = f"artifacts/greengrass/{unique}/1.0.0/hello.zip"
    greengrass_cloud.client("s3").put_object(Bucket=seeded_cloud.bucket, Key=key, Body=packed.getvalue())
    manifest = {
        "Platform": {"os": "linux", "runtime": "*"},
        "Lifecycle": {"run": "cat {artifacts:decompressedPath}/hello/said.txt"},
        "Artifacts": [{"Uri": f"s3://{seeded_cloud.bucket}/{key}", "Unarchive": "ZIP"}],
    }
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": unique,
        "ComponentVersion": "1.0.0",
        "Manifests": [manifest],
    }
    made = greengrass.create_component_version(inlineRecipe=json.dumps(recipe).encode())
    assert wait_until_settled(greengrass, made["arn"])["componentState"] == "DEPLOYABLE"
    with greengrass_cloud.faults as faults:
        faults.cut_off(device.thing, account="preprod")
        device.until(lambda: (status := device.status()) is not None and not status.connected, 20)
        greengrass.create_deployment(
            targetArn=f"arn:aws:iot:eu-west-1:222222222222:thinggroup/{unique}",
            components={unique: {"componentVersion": "1.0.0"}},
        )
        time.sleep(0.2)
        assert device.state(unique) == ""
    device.wait_for_state(unique, "FINISHED", seconds=40)
    assert "hello" in device.log(unique)


def test_an_artifact_that_no_longer_fits_on_the_disk_fails_its_deployment_and_fits_once_there_is_room(
    greengrass_device: RunningDevice, tmp_path: Path, unique: str
) -> None:
    recipes, artifacts = tmp_path / "recipes", tmp_path / "artifacts" / unique / "1.0.0"
    recipes.mkdir()
    artifacts.mkdir(parents=True)
    with zipfile.ZipFile(artifacts / "large.zip", "w") as archive:
        archive.writestr("large.bin", os.urandom(300_000))
    manifest = {
        "Platform": {"os": "linux", "runtime": "*"},
        "Lifecycle": {"run": "exit 0"},
        "Artifacts": [{"Uri": "s3://bucket/large.zip", "Unarchive": "ZIP"}],
    }
    head = {"RecipeFormatVersion": "2020-01-25", "ComponentName": unique, "ComponentVersion": "1.0.0"}
    (recipes / f"{unique}-1.0.0.json").write_text(json.dumps(head | {"Manifests": [manifest]}))

    def fault(what: str) -> None:
        command = [*COMMAND, "fault", what, "--root", str(greengrass_device.root)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

    fault("fill-disk")
    with pytest.raises(NucleusError, match="the deployment ended FAILED"):
        greengrass_device.deploy({unique: "1.0.0"}, recipes=recipes, artifacts=tmp_path / "artifacts")
    assert greengrass_device.state(unique) == ""
    fault("free-disk")
    greengrass_device.deploy({unique: "1.0.0"}, recipes=recipes, artifacts=tmp_path / "artifacts")
    assert greengrass_device.state(unique) == "FINISHED"


def test_a_device_whose_clock_is_years_ahead_keeps_its_connection_and_gets_no_new_one(
    cloud: Cloud, greengrass_device: RunningDevice
) -> None:
    device = greengrass_device
    device.turn_clock(366 * 86_400)
    device.until(lambda: device.status().clock_ahead == 366 * 86_400, 10)
    assert device.status().connected
    with cloud.faults as faults:
        faults.cut_off(device.thing, account="dev")
        device.until(lambda: not device.status().connected, 60)
    device.wait_for_log("greengrass", "no certificate that is valid by this device's clock")
    assert not device.status().connected


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_a_nucleus_reconnects_when_its_broker_is_back(
    greengrass_cloud: Cloud, greengrass_devices: Callable[..., RunningDevice], runtime: str
) -> None:
    device = greengrass_devices(runtime, account="preprod")
    with greengrass_cloud.faults as faults:
        faults.take_away("broker", account="preprod")
        # Refused while it connects, too: that connection was never open, and cannot be closed either.
        device.wait_for_log("greengrass", "IoT Core cannot be reached yet")
        faults.bring_back("broker", account="preprod")
        device.until(lambda: (status := device.status()) is not None and status.connected, 30)


def test_the_user_of_a_devices_components_is_kept_when_it_is_provisioned_again(
    cloud: Cloud, unique: str, tmp_path: Path
) -> None:
    def provisioned() -> dict[str, Any]:
        folder = provision_device(cloud, tmp_path, account="preprod", thing=unique)
        config: dict[str, Any] = yaml.safe_load(folder.config_path.read_text())
        return config

    config = provisioned()
    nucleus = config["services"]["aws.greengrass.Nucleus"]["configuration"]
    assert nucleus["runWithDefault"] == {"posixUser": f"{os.geteuid()}:{os.getegid()}"}
    nucleus["runWithDefault"] = {"posixUser": "ggc_user:ggc_group"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    assert provisioned() == config
