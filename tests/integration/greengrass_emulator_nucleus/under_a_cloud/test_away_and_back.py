"""A device that is cut off or killed, and comes back."""

from collections.abc import Callable
from typing import Any

import pytest
from awsiot.greengrasscoreipc.model import ServiceError

from .cloud_site import STAY, Site


def test_offline_classic_keeps_messages_and_lite_loses_them(site: Site, events: Any, everything_allowed: Any) -> None:
    site.publish(site.a, configuration=everything_allowed)
    site.deploy(a="1.0.0")
    client, heard = site.device.speak_as(site.a), events()
    topic = f"dt/app/{site.thing}/health"
    client.subscribe_to_iot_core(topic_name=topic, qos="1", **heard.handlers())
    site.relay.cut()
    site.wait(lambda: not site.device.status().connected)
    if site.device.runtime == "classic":
        client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"kept")
        with pytest.raises(ServiceError) as dropped:
            client.publish_to_iot_core(topic_name=topic, qos="0", payload=b"dropped")
        assert "offline" in dropped.value.message
    else:
        with pytest.raises(ServiceError):
            client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"lost")
        with pytest.raises(ServiceError):
            client.subscribe_to_iot_core(topic_name="other", qos="1", **events().handlers())
    site.relay.join()
    site.wait(lambda: site.device.status().connected)
    client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"after")
    said = [heard.next().message.payload]
    if site.device.runtime == "classic":
        said.append(heard.next().message.payload)
    assert said == ([b"kept", b"after"] if site.device.runtime == "classic" else [b"after"])


def test_a_deployment_made_while_the_device_is_away_reaches_it_later(make_site: Callable[[str], Site]) -> None:
    site = make_site("classic")
    site.publish(site.a)
    site.relay.cut()
    site.wait(lambda: not site.device.status().connected)
    deployment = site.ask(a="1.0.0")
    site.relay.join()
    assert site.ended(deployment)["coreDeviceExecutionStatus"] == "SUCCEEDED"


def test_a_deployment_that_a_killed_nucleus_had_begun_is_carried_out_after_it(site: Site) -> None:
    site.publish(site.a, configuration={"n": 1})
    site.publish(site.a, "2.0.0", install="if [ ! -e once ]; then touch once; exec sleep 1000; fi", run=STAY)
    site.deploy(a="1.0.0")
    deployment = site.ask(a="2.0.0", merge={"a": {"n": 2}})
    site.wait((site.device.work(site.a) / "once").exists)
    site.device.kill()
    (site.device.root / "nucleus.json").unlink()
    (site.device.work(site.a) / "svcuid").unlink()
    site.device.start()
    assert site.ended(deployment)["coreDeviceExecutionStatus"] == "SUCCEEDED"
    assert site.installed() == {site.a: ("2.0.0", "RUNNING")}
    assert site.device.speak_as(site.a).get_configuration().value == {"n": 2}
