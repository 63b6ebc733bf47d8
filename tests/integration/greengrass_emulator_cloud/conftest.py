"""What these tests share: names of their own in the one cloud, recipes, and a device that speaks MQTT."""

import json
import queue
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from awscrt import mqtt
from awsiot import mqtt_connection_builder
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import DeviceFolder, provision_device

SECONDS = 30


class Device:
    """A thing on an MQTT connection of its own; what it receives waits in a bounded queue."""

    def __init__(
        self,
        cloud: Cloud,
        folder: DeviceFolder,
        account: str,
        *,
        client_id: str | None = None,
        clean_session: bool = True,
    ) -> None:
        self.thing = folder.thing
        self.received: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue(1000)
        self.interrupted: queue.Queue[Exception] = queue.Queue(10)
        self.resumed: queue.Queue[bool] = queue.Queue(10)
        self._connection = mqtt_connection_builder.mtls_from_path(
            endpoint="localhost",
            port=cloud.endpoints(account).broker_port,
            cert_filepath=str(folder.folder / "thing.cert.pem"),
            pri_key_filepath=str(folder.folder / "thing.key.pem"),
            ca_filepath=str(folder.folder / "root.ca.pem"),
            client_id=client_id or folder.thing,
            clean_session=clean_session,
            keep_alive_secs=30,
            reconnect_min_timeout_secs=1,
            reconnect_max_timeout_secs=1,
            on_connection_interrupted=lambda error, **_: self.interrupted.put_nowait(error),
            on_connection_resumed=lambda session_present, **_: self.resumed.put_nowait(session_present),
        )

    def connect(self) -> bool:
        """Connect; return whether the broker still had the session."""
        self._connection.on_message(self._hear)
        return bool(self._connection.connect().result(SECONDS)["session_present"])

    def disconnect(self) -> None:
        self._connection.disconnect().result(SECONDS)

    def subscribe(self, topic: str) -> int:
        done, _ = self._connection.subscribe(topic, mqtt.QoS.AT_LEAST_ONCE)
        return int(done.result(SECONDS)["qos"])

    def publish(self, topic: str, document: object) -> None:
        payload = document if isinstance(document, bytes) else json.dumps(document).encode()
        done, _ = self._connection.publish(topic, payload, mqtt.QoS.AT_LEAST_ONCE)
        done.result(SECONDS)

    def receive(self, topic: str) -> dict[str, Any]:
        """Return the next message on this topic; messages on other topics are dropped."""
        deadline = time.monotonic() + SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                published, document = self.received.get(timeout=left)
            except queue.Empty:
                break
            if published == topic:
                return document
        raise AssertionError(f"nothing was published on {topic} within {SECONDS} s")

    def _hear(self, topic: str, payload: bytes, **_: object) -> None:
        self.received.put_nowait((topic, json.loads(payload)))


@pytest.fixture
def cloud(greengrass_cloud: Cloud) -> Cloud:
    return greengrass_cloud


@pytest.fixture
def unique() -> str:
    """A name that no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def greengrass(cloud: Cloud) -> Any:
    return cloud.client("greengrassv2", account="preprod")


@pytest.fixture
def group_arn(cloud: Cloud, unique: str) -> str:
    """A thing group of preprod."""
    arn: str = cloud.client("iot", account="preprod").create_thing_group(thingGroupName=unique)["thingGroupArn"]
    return arn


@pytest.fixture
def bucket(cloud: Cloud, unique: str) -> str:
    """A bucket of preprod."""
    where = {"LocationConstraint": cloud.region}
    cloud.client("s3", account="preprod").create_bucket(Bucket=unique, CreateBucketConfiguration=where)
    return unique


@pytest.fixture
def new_device(cloud: Cloud, tmp_path: Path) -> Iterator[Callable[..., Device]]:
    """Makes provisioned, connected devices; they are disconnected at the test's end."""
    connected: list[Device] = []

    def make(thing: str, *, account: str = "preprod", groups: tuple[str, ...] = ()) -> Device:
        folder = provision_device(cloud, tmp_path / thing, account=account, thing=thing, groups=groups)
        device = Device(cloud, folder, account)
        device.connect()
        connected.append(device)
        return device

    yield make
    for device in connected:
        device.disconnect()


@pytest.fixture
def device_at(cloud: Cloud) -> Callable[..., Device]:
    """A device that is not connected yet."""

    def make(folder: DeviceFolder, account: str, **more: Any) -> Device:
        return Device(cloud, folder, account, **more)

    return make


@pytest.fixture
def recipe() -> Callable[..., bytes]:
    """A recipe's JSON text."""

    def write(name: str, version: str = "1.0.0", uris: tuple[str, ...] = (), **more: object) -> bytes:
        manifest = {
            "Platform": {"os": "linux"},
            "Lifecycle": {"run": "exit 0"},
            "Artifacts": [{"Uri": uri} for uri in uris],
        }
        document = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "Manifests": [manifest],
        }
        return json.dumps(document | more).encode()

    return write


@pytest.fixture
def deployable(greengrass: Any, recipe: Callable[..., bytes]) -> Callable[..., str]:
    """Create a component version in preprod, and wait until it is DEPLOYABLE. Return its ARN."""

    def create(name: str, version: str = "1.0.0") -> str:
        arn: str = greengrass.create_component_version(inlineRecipe=recipe(name, version))["arn"]
        assert settled(greengrass, arn)["componentState"] == "DEPLOYABLE"
        return arn

    return create


def settled(greengrass: Any, arn: str) -> dict[str, Any]:
    """A component version's status, as soon as it is DEPLOYABLE or FAILED."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        status: dict[str, Any] = greengrass.describe_component(arn=arn)["status"]
        if status["componentState"] not in {"REQUESTED", "INITIATED"}:
            return status
        time.sleep(0.02)
    raise AssertionError(f"{arn} was not settled within {SECONDS} s")


@pytest.fixture
def wait_until_settled() -> Callable[[Any, str], dict[str, Any]]:
    return settled
