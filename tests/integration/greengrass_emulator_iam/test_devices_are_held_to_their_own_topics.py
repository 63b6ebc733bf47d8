"""The IoT policy at the broker, through real MQTT connections with the things' own certificates."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from awscrt import mqtt
from awscrt.exceptions import AwsCrtError
from awscrt.mqtt import SubscribeError

SECONDS = 10
APPLICATION = "digits-demo"


class Connection:
    """A thing's connection."""

    def __init__(self, enforced: Any, thing: str, client_id: str) -> None:
        self.interrupted: queue.Queue[Exception] = queue.Queue(10)
        self.received: queue.Queue[str] = queue.Queue(100)
        self._connection = enforced.mqtt(
            thing,
            client_id,
            reconnect_min_timeout_secs=1,
            reconnect_max_timeout_secs=1,
            on_connection_interrupted=lambda error, **_: self.interrupted.put_nowait(error),
        )

    def connect(self) -> None:
        self._connection.on_message(lambda topic, **_: self.received.put_nowait(topic))
        self._connection.connect().result(SECONDS)

    def close(self) -> None:
        self._connection.disconnect().result(SECONDS)

    def publish(self, topic: str, *, retain: bool = False) -> None:
        done, _ = self._connection.publish(topic, b"{}", mqtt.QoS.AT_LEAST_ONCE, retain=retain)
        done.result(SECONDS)

    def publish_into_the_void(self, topic: str, *, retain: bool = False) -> None:
        self._connection.publish(topic, b"{}", mqtt.QoS.AT_LEAST_ONCE, retain=retain)

    def subscribes(self, topic: str) -> bool:
        done, _ = self._connection.subscribe(topic, mqtt.QoS.AT_LEAST_ONCE)
        try:
            done.result(SECONDS)
        except SubscribeError:
            return False
        return True


@contextmanager
def connected(enforced: Any, thing: str = "camera", client_id: str = "") -> Iterator[Connection]:
    connection = Connection(enforced, thing, client_id or thing)
    connection.connect()
    try:
        yield connection
    finally:
        connection.close()


def test_a_device_publishes_and_subscribes_to_its_own_topics(enforced: Any) -> None:
    command = f"cmd/{APPLICATION}/camera/report"
    with connected(enforced) as camera:
        camera.publish(f"dt/{APPLICATION}/camera/health")
        camera.publish("$aws/things/camera/shadow/name/mlops/update")
        assert camera.subscribes(command)
        enforced.admin("iot-data", "prod").publish(topic=command, payload=b"{}")
        assert camera.received.get(timeout=SECONDS) == command
        assert camera.interrupted.empty()


def test_a_second_connection_of_a_device_is_its_own_as_well(enforced: Any) -> None:
    with connected(enforced, client_id="camera#2") as second:
        second.publish(f"dt/{APPLICATION}/camera/health")


@pytest.mark.parametrize(
    "topic",
    [
        f"dt/{APPLICATION}/neighbour/health",
        "dt/another-application/camera/health",
        "$aws/things/neighbour/shadow/name/mlops/update",
        f"cmd/{APPLICATION}/neighbour/rollback",
    ],
)
def test_a_device_that_publishes_to_anothers_topic_is_disconnected(enforced: Any, topic: str) -> None:
    with connected(enforced) as camera:
        camera.publish_into_the_void(topic)
        assert camera.interrupted.get(timeout=SECONDS)


def test_a_device_that_may_publish_but_not_retain_is_disconnected_for_retaining(enforced: Any) -> None:
    with connected(enforced) as camera:
        camera.publish_into_the_void(f"dt/{APPLICATION}/camera/health", retain=True)
        assert camera.interrupted.get(timeout=SECONDS)


@pytest.mark.parametrize(
    "topic",
    ["$aws/things/neighbour/shadow/name/mlops/get/accepted", f"cmd/{APPLICATION}/+/report", f"dt/{APPLICATION}/#", "#"],
)
def test_a_device_receives_no_messages_of_others(enforced: Any, topic: str) -> None:
    with connected(enforced) as camera:
        assert not camera.subscribes(topic)


def test_a_client_id_that_the_policy_does_not_name_is_not_connected(enforced: Any) -> None:
    # The broker itself would take "camera-2" for a client id of the thing; the policy knows "camera" and "camera#…".
    with pytest.raises(AwsCrtError):
        Connection(enforced, "camera", "camera-2").connect()
