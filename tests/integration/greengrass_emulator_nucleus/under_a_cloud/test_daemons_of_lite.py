"""Lite's daemons under a cloud: what a restart of each leaves of messages and credentials."""

from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from greengrass_emulator.devices.device_faults import restart_daemon

from .cloud_site import ACCOUNT, STAY, Site


@pytest.fixture
def lite(make_site: Callable[[str], Site], everything_allowed: dict[str, Any]) -> Site:
    site = make_site("lite")
    uri = "echo $AWS_CONTAINER_CREDENTIALS_FULL_URI > uri"
    site.publish(site.a, configuration=everything_allowed, run=f"{uri}; {STAY}")
    assert site.deploy(a="1.0.0")["coreDeviceExecutionStatus"] == "SUCCEEDED"
    return site


def test_a_restarted_iotcored_forgets_components_subscriptions_and_not_the_nucleuss(lite: Site, events: Any) -> None:
    client, heard, again = lite.device.speak_as(lite.a), events(), events()
    topic = f"cmd/app/{lite.thing}/echo"
    client.subscribe_to_iot_core(topic_name=topic, qos="1", **heard.handlers())
    client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"1")
    assert heard.next().message.payload == b"1", "one's own message comes back"
    restart_daemon(lite.device.root, "iotcored")
    lite.wait(lambda: lite.device.log().count("connected to IoT Core") == 2)
    client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"2")
    lite.cloud.client("iot-data", account=ACCOUNT).publish(topic=topic, qos=1, payload=b"3")
    client.subscribe_to_iot_core(topic_name=topic, qos="1", **again.handlers())
    client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"4")
    assert again.next().message.payload == b"4"
    assert heard.none_within(0.2)
    assert heard.closed.empty()
    lite.publish(lite.b)
    assert lite.deploy(a="1.0.0", b="1.0.0")["coreDeviceExecutionStatus"] == "SUCCEEDED"


def test_after_a_restart_of_ggipcd_an_old_token_gets_no_credentials_and_a_new_one_does(lite: Site) -> None:
    old = lite.device.token(lite.a)
    uri = (lite.device.work(lite.a) / "uri").read_text().strip()

    def status(token: str) -> int:
        return int(urllib3.request("GET", uri, headers={"Authorization": token}).status)

    assert status(old) == 200
    restart_daemon(lite.device.root, "ggipcd")
    assert status(old) == 404
    # A process that is started from now on has a token that is known.
    (lite.device.work(lite.a) / "svcuid").unlink()
    assert lite.deploy(a="1.0.0", merge={"a": {"n": 1}})["coreDeviceExecutionStatus"] == "SUCCEEDED"
    assert status(lite.device.token(lite.a)) == 200
