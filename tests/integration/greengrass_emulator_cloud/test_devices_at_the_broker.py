"""What a device may do, and may not do, at its account's broker."""

import json
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from awscrt.exceptions import AwsCrtError
from awscrt.mqtt import SubscribeError
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device

NewDevice = Callable[..., Any]


def test_messages_go_from_device_to_device_of_one_account_only(unique: str, new_device: NewDevice) -> None:
    speaker = new_device(f"{unique}-a")
    listener = new_device(f"{unique}-b")
    stranger = new_device(f"{unique}-c", account="prod")
    for device in (listener, stranger):
        device.subscribe(f"dt/{unique}/#")
    speaker.publish(f"dt/{unique}/x/health", {"n": 1})
    assert listener.receive(f"dt/{unique}/x/health") == {"n": 1}
    stranger.publish(f"dt/{unique}/x/health", {"n": 2})
    assert stranger.receive(f"dt/{unique}/x/health") == {"n": 2}


def test_the_cloud_publishes_to_devices(cloud: Cloud, unique: str, new_device: NewDevice) -> None:
    device = new_device(unique)
    device.subscribe(f"cmd/app/{unique}/+")
    data = cloud.client("iot-data", account="preprod")
    data.publish(topic=f"cmd/app/{unique}/report", qos=1, payload=b'{"id": 1}')
    assert device.receive(f"cmd/app/{unique}/report") == {"id": 1}
    cloud.publish(f"cmd/app/{unique}/rollback", b"{}", account="preprod")
    assert device.receive(f"cmd/app/{unique}/rollback") == {}


def test_a_client_without_a_certificate_gets_no_session(cloud: Cloud) -> None:
    context = ssl.create_default_context(cafile=str(cloud.root_certificate_path))
    port = cloud.endpoints("preprod").broker_port

    def connect() -> bytes:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as connection,
        ):
            connection.sendall(bytes.fromhex("100e00044d515454040200100002") + b"ab")  # CONNECT as client "ab"
            return connection.recv(4)

    try:
        answer = connect()
    except OSError:
        answer = b""
    assert answer == b"", "a CONNACK came"


def test_a_certificate_of_another_account_is_refused(cloud: Cloud, unique: str, tmp_path: Path, device_at: Any) -> None:
    folder = provision_device(cloud, tmp_path, account="prod", thing=unique)
    with pytest.raises(AwsCrtError):
        device_at(folder, "preprod").connect()


def test_a_client_id_that_is_not_the_things_is_refused(
    cloud: Cloud, unique: str, tmp_path: Path, device_at: Any
) -> None:
    folder = provision_device(cloud, tmp_path, account="preprod", thing=unique)
    with pytest.raises(AwsCrtError):
        device_at(folder, "preprod", client_id="somebody-else").connect()


@pytest.mark.parametrize("clean", [True, False], ids=["clean session", "persistent session"])
def test_a_refused_client_does_not_end_the_connection_of_its_client_id(
    cloud: Cloud, unique: str, tmp_path: Path, new_device: NewDevice, device_at: Any, clean: bool
) -> None:
    victim = new_device(f"{unique}-victim")
    victim.subscribe(f"cmd/{unique}")
    stranger = provision_device(cloud, tmp_path / "stranger", account="preprod", thing=f"{unique}-stranger")
    with pytest.raises(AwsCrtError):
        device_at(stranger, "preprod", client_id=victim.thing, clean_session=clean).connect()
    cloud.publish(f"cmd/{unique}", b'{"n": 1}', account="preprod")
    assert victim.receive(f"cmd/{unique}") == {"n": 1}
    assert victim.interrupted.empty()


def test_a_certificate_that_was_made_inactive_is_refused(
    cloud: Cloud, unique: str, tmp_path: Path, device_at: Any
) -> None:
    folder = provision_device(cloud, tmp_path, account="preprod", thing=unique)
    iot = cloud.client("iot", account="preprod")
    principal = iot.list_thing_principals(thingName=unique)["principals"][0]
    iot.update_certificate(certificateId=principal.rsplit("/", 1)[-1], newStatus="INACTIVE")
    with pytest.raises(AwsCrtError):
        device_at(folder, "preprod").connect()


@pytest.mark.parametrize("clean", [True, False], ids=["clean session", "persistent session"])
def test_a_second_connection_of_a_client_id_ends_the_first(
    cloud: Cloud, unique: str, tmp_path: Path, device_at: Any, clean: bool
) -> None:
    folder = provision_device(cloud, tmp_path, account="preprod", thing=unique)
    first = device_at(folder, "preprod", clean_session=clean)
    first.connect()
    first.subscribe(f"cmd/{unique}")
    # Gone for good, as a killed process is: it must not take the client id back.
    second = device_at(folder, "preprod", clean_session=clean)
    assert second.connect() is not clean
    assert first.interrupted.get(timeout=30) is not None
    first.disconnect()
    third = device_at(folder, "preprod", clean_session=clean)
    third.connect()
    third.subscribe(f"cmd/{unique}")
    cloud.publish(f"cmd/{unique}", b'{"n": 1}', account="preprod")
    assert third.receive(f"cmd/{unique}") == {"n": 1}
    for device in (second, third):
        device.disconnect()


def test_a_persistent_session_receives_messages_sent_meanwhile(
    cloud: Cloud, unique: str, tmp_path: Path, device_at: Any, new_device: NewDevice
) -> None:
    folder = provision_device(cloud, tmp_path / "kept", account="preprod", thing=f"{unique}-kept")
    device = device_at(folder, "preprod", clean_session=False)
    device.connect()
    device.subscribe(f"cmd/{unique}")
    device.disconnect()
    other = new_device(f"{unique}-other")
    other.subscribe(f"cmd/{unique}")
    cloud.publish(f"cmd/{unique}", b'{"n": 1}', account="preprod")
    other.receive(f"cmd/{unique}")
    again = device_at(folder, "preprod", clean_session=False)
    assert again.connect()
    assert again.receive(f"cmd/{unique}") == {"n": 1}
    again.disconnect()


def test_another_things_reserved_topics_cannot_be_followed(unique: str, new_device: NewDevice) -> None:
    device = new_device(unique)
    for topic in ("$aws/things/+/jobs/notify-next", "$aws/things/another/shadow/update/delta", "$aws/#"):
        with pytest.raises(SubscribeError):
            device.subscribe(topic)


def test_publishing_to_another_things_reserved_topic_ends_the_connection(
    cloud: Cloud, unique: str, new_device: NewDevice
) -> None:
    new_device(f"{unique}-victim")
    device = new_device(f"{unique}-rogue")
    topic = f"$aws/things/{unique}-victim/shadow/update"
    with suppress(AwsCrtError):  # cut off before the acknowledgement: as good
        device.publish(topic, {"state": {"reported": {"a": 1}}})
    assert device.interrupted.get(timeout=30) is not None
    data = cloud.client("iot-data", account="preprod")
    with pytest.raises(data.exceptions.ResourceNotFoundException):
        data.get_thing_shadow(thingName=f"{unique}-victim")


def test_a_shadow_is_the_same_by_topic_and_by_api(cloud: Cloud, unique: str, new_device: NewDevice) -> None:
    device = new_device(unique)
    data = cloud.client("iot-data", account="preprod")
    prefix = f"$aws/things/{unique}/shadow/name/mlops"
    for topic in ("update/accepted", "update/delta", "get/accepted", "get/rejected"):
        device.subscribe(f"{prefix}/{topic}")
    device.publish(f"{prefix}/get", {"clientToken": "t"})
    assert device.receive(f"{prefix}/get/rejected") | {"timestamp": 0} == {
        "code": 404,
        "message": "No shadow exists with name: 'mlops'",
        "timestamp": 0,
        "clientToken": "t",
    }
    device.publish(f"{prefix}/update", {"state": {"reported": {"release": "1", "models": {"digits": "a"}}}})
    assert device.receive(f"{prefix}/update/accepted")["version"] == 1
    read = json.loads(data.get_thing_shadow(thingName=unique, shadowName="mlops")["payload"].read())
    assert read["state"]["reported"] == {"release": "1", "models": {"digits": "a"}}
    desired = json.dumps({"state": {"desired": {"release": "2"}}}).encode()
    data.update_thing_shadow(thingName=unique, shadowName="mlops", payload=desired)
    assert device.receive(f"{prefix}/update/delta")["state"] == {"release": "2"}
    device.publish(f"{prefix}/get", {})
    assert device.receive(f"{prefix}/get/accepted")["state"]["desired"] == {"release": "2"}


def test_null_removes_a_key_or_a_whole_section_of_a_shadow(cloud: Cloud, unique: str, new_device: NewDevice) -> None:
    new_device(unique)
    data = cloud.client("iot-data", account="preprod")

    def update(state: dict[str, Any]) -> dict[str, Any]:
        data.update_thing_shadow(thingName=unique, payload=json.dumps({"state": state}).encode())
        read: dict[str, Any] = json.loads(data.get_thing_shadow(thingName=unique)["payload"].read())
        return dict(read["state"])

    update({"reported": {"models": {"a": 1, "b": 2}}, "desired": {"x": 1}})
    assert update({"reported": {"models": {"a": None}}})["reported"] == {"models": {"b": 2}}
    assert "desired" not in update({"desired": None})


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 400),
        (json.dumps({"state": {"reported": {"x": "y" * 9000}}}).encode(), 413),
        (json.dumps({"state": {"reported": {}}, "version": 7}).encode(), 409),
    ],
    ids=["no JSON", "no object", "no state", "too long", "stale"],
)
def test_an_invalid_shadow_update_is_rejected(unique: str, new_device: NewDevice, payload: bytes, code: int) -> None:
    device = new_device(unique)
    topic = f"$aws/things/{unique}/shadow/name/mlops/update"
    device.subscribe(f"{topic}/rejected")
    device.publish(topic, payload)
    assert device.receive(f"{topic}/rejected")["code"] == code


def test_the_fleet_status_makes_a_core_device(
    cloud: Cloud, greengrass: Any, unique: str, group_arn: str, new_device: NewDevice
) -> None:
    device = new_device(f"{unique}-lite", groups=(unique,))
    with pytest.raises(greengrass.exceptions.ResourceNotFoundException):
        greengrass.get_core_device(coreDeviceThingName=device.thing)
    device.subscribe(f"dt/{unique}")
    agent = {"componentName": "com.example.agent", "version": "1.0.0", "status": "RUNNING", "isRoot": True}
    broken = {
        "componentName": "com.example.broken",
        "version": "2.0.0",
        "status": "BROKEN",
        "isRoot": False,
        "statusDetails": {"statusCodes": ["RUN_ERROR"], "statusReason": "exited with 3"},
    }
    health = f"$aws/things/{device.thing}/greengrassv2/health/json"
    device.publish(health, status(device.thing, "COMPLETE", [agent, broken]))
    device.publish(health, status(device.thing, "PARTIAL", [agent | {"status": "ERRORED"}]))
    device.publish(health, b"not even JSON")
    device.publish(f"dt/{unique}", {})
    device.receive(f"dt/{unique}")
    listed = greengrass.list_core_devices(thingGroupArn=group_arn, runtime="aws_nucleus_lite")["coreDevices"]
    assert [(d["coreDeviceThingName"], d["status"]) for d in listed] == [(device.thing, "UNHEALTHY")]
    assert greengrass.list_core_devices(thingGroupArn=group_arn, runtime="aws_nucleus_classic")["coreDevices"] == []
    assert greengrass.list_core_devices(thingGroupArn=group_arn, status="HEALTHY")["coreDevices"] == []
    assert greengrass.get_core_device(coreDeviceThingName=device.thing)["coreVersion"] == "2.6.0"

    def installed(**more: str) -> dict[str, dict[str, Any]]:
        found = greengrass.list_installed_components(coreDeviceThingName=device.thing, **more)["installedComponents"]
        return {component["componentName"]: component for component in found}

    assert set(installed()) == {"com.example.agent"}
    everything = installed(topologyFilter="ALL")
    assert everything["com.example.agent"]["lifecycleState"] == "ERRORED"
    assert everything["com.example.broken"]["lifecycleStateDetails"] == "exited with 3"
    assert everything["com.example.broken"]["lifecycleStatusCodes"] == ["RUN_ERROR"]


def status(thing: str, kind: str, components: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "ggcVersion": "2.6.0",
        "platform": "linux",
        "architecture": "amd64",
        "runtime": "aws_nucleus_lite",
        "thing": thing,
        "overallDeviceStatus": "UNHEALTHY",
        "sequenceNumber": 1,
        "messageType": kind,
        "components": components,
    }
