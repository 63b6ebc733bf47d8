"""The MQTT behaviour that agent, nucleus and tests rely on, on our broker and on Debian's Mosquitto.

Mosquitto takes part where it is installed (`apt-get install mosquitto`); pytest's summary says which brokers did.
"""

import queue
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from awscrt import mqtt
from awsiot import mqtt_connection_builder
from greengrass_emulator.cloud.certificate_authority import CertificateAuthority, ServerIdentity
from greengrass_emulator.cloud.mqtt_brokers import BrokerPlan, MqttBrokers

SECONDS = 30
CLIENTS = ("camera", "viewer", "late")


@dataclass(frozen=True, slots=True)
class Broker:
    port: int
    folder: Path


@pytest.fixture(scope="module")
def broker(mqtt_broker_name: str, mosquitto_command: str | None, tmp_path_factory: Any) -> Iterator[Broker]:
    folder: Path = tmp_path_factory.mktemp(mqtt_broker_name)
    authority = CertificateAuthority()
    identity = authority.write_server_identity(folder)
    device = authority.issue_device_identity()
    (folder / "thing.cert.pem").write_text(device.certificate)
    (folder / "thing.key.pem").write_text(device.private_key)
    if mqtt_broker_name == "amqtt":
        brokers = MqttBrokers({"1": BrokerPlan(lambda _: CLIENTS, lambda *_: None)}, identity)
        brokers.start()
        yield Broker(brokers.port("1"), folder)
        brokers.stop()
    else:
        assert mosquitto_command is not None
        yield from _mosquitto(mosquitto_command, identity, folder)


def _mosquitto(command: str, identity: ServerIdentity, folder: Path) -> Iterator[Broker]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    lines = [
        f"listener {port} 127.0.0.1",
        f"cafile {identity.root_path}",
        f"certfile {identity.certificate_path}",
        f"keyfile {identity.key_path}",
        "require_certificate true",
        "use_identity_as_username true",
        "persistence false",
        "user root",  # it would give up root's rights, and with them its certificate
    ]
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    with (folder / "mosquitto.log").open("wb") as log:
        process = subprocess.Popen([command, "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "mosquitto.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield Broker(port, folder)
    finally:
        process.terminate()
        process.wait(SECONDS)


class Client:
    def __init__(self, broker: Broker, name: str, **more: Any) -> None:
        self.received: queue.Queue[tuple[str, bytes]] = queue.Queue(1000)
        self.interrupted: queue.Queue[Exception] = queue.Queue(10)
        options: dict[str, Any] = {"clean_session": True, "keep_alive_secs": 30} | more
        self.connection = mqtt_connection_builder.mtls_from_path(
            endpoint="localhost",
            port=broker.port,
            cert_filepath=str(broker.folder / "thing.cert.pem"),
            pri_key_filepath=str(broker.folder / "thing.key.pem"),
            ca_filepath=str(broker.folder / "root.ca.pem"),
            client_id=name,
            reconnect_min_timeout_secs=1,
            reconnect_max_timeout_secs=60,
            on_connection_interrupted=lambda error, **_: self.interrupted.put_nowait(error),
            **options,
        )
        self.connection.on_message(lambda topic, payload, **_: self.received.put_nowait((topic, payload)))

    def connect(self) -> bool:
        return bool(self.connection.connect().result(SECONDS)["session_present"])

    def disconnect(self) -> None:
        self.connection.disconnect().result(SECONDS)

    def subscribe(self, topic: str, qos: mqtt.QoS = mqtt.QoS.AT_LEAST_ONCE) -> mqtt.QoS:
        granted = self.connection.subscribe(topic, qos)[0].result(SECONDS)["qos"]
        return mqtt.QoS(granted)

    def publish(self, topic: str, payload: bytes, qos: mqtt.QoS = mqtt.QoS.AT_LEAST_ONCE) -> None:
        self.connection.publish(topic, payload, qos)[0].result(SECONDS)

    def receive(self) -> tuple[str, bytes]:
        return self.received.get(timeout=SECONDS)


@pytest.fixture
def client(broker: Broker) -> Iterator[Callable[..., Client]]:
    made: list[Client] = []

    def make(name: str, **more: Any) -> Client:
        made.append(Client(broker, name, **more))
        return made[-1]

    yield make
    for each in made:
        each.disconnect()


@pytest.mark.parametrize("qos", [mqtt.QoS.AT_MOST_ONCE, mqtt.QoS.AT_LEAST_ONCE])
def test_a_message_goes_to_every_subscriber_of_its_topic_once(client: Callable[..., Client], qos: mqtt.QoS) -> None:
    camera, viewer = client("camera"), client("viewer")
    camera.connect()
    viewer.connect()
    assert viewer.subscribe("dt/app/camera/health", qos) is qos
    assert camera.subscribe("dt/app/camera/health", qos) is qos
    camera.publish("dt/app/camera/health", b"{}", qos)
    assert viewer.receive() == camera.receive() == ("dt/app/camera/health", b"{}")
    camera.publish("dt/app/camera/health", b"last", qos)
    assert viewer.receive()[1] == b"last", "the first came once"


@pytest.mark.parametrize("topic_filter", ["dt/+/camera/#", "dt/#", "+/app/camera/prediction/digits"])
def test_a_subscriber_gets_only_topics_that_its_filter_matches(
    client: Callable[..., Client], topic_filter: str
) -> None:
    viewer = client("viewer")
    viewer.connect()
    viewer.subscribe(topic_filter)
    viewer.publish("cmd/app/camera/report", b"not for it")
    viewer.publish("dt/app/camera/prediction/digits", b"for it")
    assert viewer.receive() == ("dt/app/camera/prediction/digits", b"for it")


def test_messages_of_one_publisher_keep_their_order(client: Callable[..., Client]) -> None:
    viewer = client("viewer")
    viewer.connect()
    viewer.subscribe("order")
    for number in range(50):
        viewer.publish("order", str(number).encode())
    assert [int(viewer.receive()[1]) for _ in range(50)] == list(range(50))


def test_a_persistent_session_keeps_messages_sent_meanwhile(broker: Broker, client: Callable[..., Client]) -> None:
    away = Client(broker, "late", clean_session=False)
    assert away.connect() is False
    away.subscribe("cmd/app/late/#")
    away.disconnect()
    viewer = client("viewer")
    viewer.connect()
    for number in range(3):
        viewer.publish("cmd/app/late/report", str(number).encode())
    back = client("late", clean_session=False)
    assert back.connect() is True
    assert [back.receive()[1] for _ in range(3)] == [b"0", b"1", b"2"]


def test_a_clean_session_keeps_no_messages(broker: Broker, client: Callable[..., Client]) -> None:
    first = Client(broker, "camera", clean_session=True)
    first.connect()
    first.subscribe("cmd/app/camera/#")
    first.disconnect()
    again, viewer = client("camera", clean_session=False), client("viewer")
    assert again.connect() is False
    viewer.connect()
    viewer.publish("cmd/app/camera/report", b"without a subscriber")
    again.subscribe("cmd/app/camera/#")
    viewer.publish("cmd/app/camera/report", b"now")
    assert again.receive()[1] == b"now"


def test_a_second_connection_of_a_client_id_ends_the_first(client: Callable[..., Client]) -> None:
    first, second = client("camera"), client("camera")
    first.connect()
    second.connect()
    first.interrupted.get(timeout=SECONDS)
    second.subscribe("here")
    second.publish("here", b"!")
    assert second.receive() == ("here", b"!")


def test_a_payload_of_128_kilobytes_arrives_whole(client: Callable[..., Client]) -> None:
    viewer = client("viewer")
    viewer.connect()
    viewer.subscribe("large")
    viewer.publish("large", b"x" * 131_072)
    assert len(viewer.receive()[1]) == 131_072


def test_without_a_certificate_there_is_no_session(broker: Broker) -> None:
    context = ssl.create_default_context(cafile=str(broker.folder / "root.ca.pem"))
    connect = b"\x10\x12\x00\x04MQTT\x04\x02\x00\x1e\x00\x06camera"
    with socket.create_connection(("127.0.0.1", broker.port), timeout=SECONDS) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as tls:
                tls.sendall(connect)
                answer = tls.recv(4)
        except (ssl.SSLError, ConnectionError):
            answer = b""
    assert answer == b"", "a CONNACK would begin with 0x20"
