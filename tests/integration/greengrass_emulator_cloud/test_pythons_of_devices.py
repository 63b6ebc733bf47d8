"""A component's ``python3`` is the device's: what the device was given, or a bare one; never the emulator's."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device
from greengrass_emulator.devices.running_device import RunningDevice

COMMAND = [sys.executable, "-m", "greengrass_emulator.cli.main"]
LOOK = """\
import importlib.util, json, shutil, sys
found = [name for name in ("greengrass_emulator", "awsiot", "yaml", "tinylib") if importlib.util.find_spec(name)]
print(json.dumps({"prefix": sys.prefix, "found": found, "command": shutil.which("greengrass-emulator")}))
"""
RUN = "python3 {artifacts:path}/look.py > looked.json"


def give(folder: Path, name: str, *, install: str = "exit 0", artifacts: tuple[Path, ...] = ()) -> dict[str, Path]:
    """A component that says what its Python finds, and what a local deployment takes."""
    recipes, own = folder / "recipes", folder / "artifacts" / name / "1.0.0"
    recipes.mkdir(exist_ok=True)
    own.mkdir(parents=True)
    (own / "look.py").write_text(LOOK)
    for path in artifacts:
        (own / path.name).write_bytes(path.read_bytes())
    uris = [{"Uri": f"s3://b/{path.name}"} for path in own.iterdir()]
    lifecycle = {"install": install, "run": RUN}
    manifest = {"Platform": {"os": "linux", "runtime": "*"}, "Lifecycle": lifecycle, "Artifacts": uris}
    identity = {"RecipeFormatVersion": "2020-01-25", "ComponentName": name, "ComponentVersion": "1.0.0"}
    (recipes / f"{name}-1.0.0.json").write_text(json.dumps({**identity, "Manifests": [manifest]}))
    return {"recipes": recipes, "artifacts": folder / "artifacts"}


def looked(device: RunningDevice, name: str, given: dict[str, Path]) -> dict[str, Any]:
    device.deploy({name: "1.0.0"}, **given)
    device.wait_for_state(name, "FINISHED")
    seen: dict[str, Any] = json.loads((device.root / "work" / name / "looked.json").read_text())
    return seen


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_without_a_word_a_component_finds_no_package_and_no_command_of_the_emulator(
    greengrass_devices: Callable[..., RunningDevice],
    tmp_path: Path,
    unique: str,
    runtime: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As in an activated environment, whose packages are beside others that a person has added.
    (tmp_path / "added").mkdir()
    (tmp_path / "added" / "tinylib.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "added"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    device = greengrass_devices(runtime)
    seen = looked(device, unique, give(tmp_path, unique))
    assert seen == {"prefix": str(device.root / "python"), "found": [], "command": None}


def test_what_a_recipe_installs_is_on_its_device_and_stays_over_a_restart(
    greengrass_devices: Callable[..., RunningDevice], tmp_path: Path, unique: str
) -> None:
    wheel = tmp_path / "tinylib-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("tinylib.py", "")
        packed.writestr("tinylib-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinylib\nVersion: 1.0\n")
        packed.writestr("tinylib-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\n")
        packed.writestr("tinylib-1.0.dist-info/RECORD", "")
    given = give(
        tmp_path, unique, install=f"pip3 install --no-index {{artifacts:path}}/{wheel.name}", artifacts=(wheel,)
    )
    give(tmp_path, f"{unique}.other")
    device, other = greengrass_devices(), greengrass_devices()
    assert looked(device, unique, given)["found"] == ["tinylib"]
    assert looked(other, f"{unique}.other", given)["found"] == []
    device.stop()
    assert looked(device.start(), f"{unique}.other", given)["found"] == ["tinylib"]


def test_a_device_is_given_an_environment_and_keeps_it_when_it_is_provisioned_again(
    greengrass_cloud: Cloud, tmp_path: Path, unique: str
) -> None:
    environment, place = tmp_path / "an environment", tmp_path / "device"
    venv.create(environment)
    library = next(environment.glob("lib/*/site-packages"))
    (library / "tinylib.py").touch()
    command = [*COMMAND, "provision", "--state", str(greengrass_cloud.state_path.parent)]
    command += ["--device", str(place), "--thing", unique]
    subprocess.run([*command, "--python", str(environment)], check=True, capture_output=True, timeout=60)
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    device = RunningDevice(provision_device(greengrass_cloud, place, account="dev", thing=unique)).start()
    try:
        seen = looked(device, unique, give(tmp_path, unique))
    finally:
        device.stop()
    assert seen == {"prefix": str(environment), "found": ["tinylib"], "command": None}
    assert not (device.root / "python").exists()


def test_a_folder_that_is_no_environment_is_refused_before_anything_is_made(
    greengrass_cloud: Cloud, tmp_path: Path, unique: str
) -> None:
    state = str(greengrass_cloud.state_path.parent)
    for words in (
        ["provision", "--state", state, "--device", str(tmp_path / "device"), "--thing", unique],
        ["up", "--state", str(tmp_path / "state"), "--device", "cam"],
    ):
        ran = subprocess.run(
            [*COMMAND, *words, "--python", str(tmp_path)], check=False, capture_output=True, text=True, timeout=60
        )
        assert ran.returncode == 2
        assert f"--python {tmp_path}: there is no {tmp_path / 'bin' / 'python3'} that can be run" in ran.stderr
        assert "python3 -m venv" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_nucleus_that_cannot_make_its_python_says_where_and_why(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "python").touch()
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"system": {"rootpath": "root", "thingName": "thing"}, "services": {}}))
    ran = subprocess.run(
        [*COMMAND, "nucleus", "--config", str(config)], check=False, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 1
    assert f"{tmp_path / 'root' / 'python'}: cannot be made the device's Python" in ran.stderr
    assert "--python" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("emulator", "said"),
    [
        ({"python": "gone"}, "which has no bin/python3 that can be run"),
        ({"pyhton": "."}, "Extra inputs are not permitted"),
    ],
)
def test_a_nucleus_whose_python_is_gone_does_not_take_another(
    tmp_path: Path, emulator: dict[str, str], said: str
) -> None:
    config = tmp_path / "config.yaml"
    system = {"rootpath": str(tmp_path / "root"), "thingName": "thing"}
    config.write_text(yaml.safe_dump({"system": system, "services": {}, "emulator": emulator}))
    ran = subprocess.run(
        [*COMMAND, "nucleus", "--config", str(config)], check=False, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 2
    assert str(config) in ran.stderr
    assert said in ran.stderr
