"""A device that boots without a network: it serves at once, and tells afterwards what waited."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device

from shared_schema.messages import Health

from .ear import ACCOUNT, Ear

Devices = Callable[..., Any]
Eventually = Callable[..., Any]


@pytest.fixture
def thing() -> str:
    return f"t{uuid.uuid4().hex[:8]}"


@pytest.fixture
def ear(greengrass_cloud: Cloud, tmp_path: Path, thing: str) -> Iterator[Ear]:
    ear = Ear(greengrass_cloud, tmp_path, thing)
    yield ear
    ear.close()


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_it_predicts_and_takes_a_release_and_is_heard_when_the_network_comes(
    device_of: Devices,
    greengrass_cloud: Cloud,
    tmp_path: Path,
    thing: str,
    ear: Ear,
    runtime: str,
    eventually: Eventually,
) -> None:
    folder = provision_device(greengrass_cloud, tmp_path / thing, account=ACCOUNT, thing=thing)
    greengrass_cloud.faults.cut_off(thing, account=ACCOUNT)
    try:
        device = device_of(runtime, folder)
        device.add_agent()
        device.add_desired()
        device.add_model("1.0.0")
        assert device.deploy_release("1.0.0").returncode == 0, device.log()
        device.serves("1.0.0")
        device.stop()
        device.feed("dark.png", "top")
        device.start()
        assert device.prediction_of("dark.png")["version"] == "1.0.0"
        eventually(lambda: device.log().count("msg=running") == 2, what="RUNNING without a network")
        first = device.release
        device.add_model("2.0.0", sharpness=2.0)
        assert device.deploy_release("2.0.0").returncode == 0, device.log()
        device.serves("2.0.0")
        assert "nucleus away" not in device.log()
        assert ear.heard == []
    finally:
        greengrass_cloud.faults.join(thing, account=ACCOUNT)

    def told() -> set[tuple[str, str]]:
        return {(each.release, each.version) for each in ear.confirmations()}

    waited = {(str(first), "1.0.0"), (str(device.release), "2.0.0")}
    eventually(lambda: told() >= waited, within=60, what="the confirmations that waited")
    eventually(
        lambda: (said := ear.on("/health")) and Health.model_validate_json(said[-1]).release == str(device.release),
        what="the newest health",
    )
    ear.command("report", request="r-1")
    eventually(lambda: ear.replies("report"), within=60, what="the reply to a command")


def test_a_network_that_is_away_for_longer_than_the_queue_holds_is_told_of(
    device_of: Devices, greengrass_cloud: Cloud, tmp_path: Path, thing: str, ear: Ear, eventually: Eventually
) -> None:
    folder = provision_device(greengrass_cloud, tmp_path / thing, account=ACCOUNT, thing=thing)
    greengrass_cloud.faults.cut_off(thing, account=ACCOUNT)
    try:
        device = device_of("lite", folder)
        # Two confirmations, the newest health and the newest shadow.
        device.add_agent(bounds="messages=4")
        device.add_desired()
        for number in range(1, 5):
            device.add_model(f"{number}.0.0", sharpness=float(number))
            assert device.deploy_release(f"{number}.0.0").returncode == 0, device.log()
            device.serves(f"{number}.0.0")
    finally:
        greengrass_cloud.faults.join(thing, account=ACCOUNT)
    health = eventually(
        lambda: [each for each in map(Health.model_validate_json, ear.on("/health")) if each.dropped_messages],
        within=60,
        what="how many were let go",
    )[0]
    assert health.dropped_messages >= 2
    assert health.release == str(device.release)
    assert [each.version for each in ear.confirmations()] == ["3.0.0", "4.0.0"]
    data = greengrass_cloud.client("iot-data", account=ACCOUNT)
    shadow = json.loads(data.get_thing_shadow(thingName=thing, shadowName="mlops")["payload"].read())
    assert shadow["state"]["reported"]["release"] == str(device.release)
