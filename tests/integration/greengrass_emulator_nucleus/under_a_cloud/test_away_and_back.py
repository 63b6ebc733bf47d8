"""A device that is cut off or killed, and comes back."""

from collections.abc import Callable
from concurrent.futures import TimeoutError as FuturesTimeout
from typing import Any

import pytest
import yaml
from awsiot.greengrasscoreipc.model import ServiceError
from greengrass_emulator.devices.device_faults import turn_device_clock

from .cloud_site import STAY, Site

SECONDS = 40.0


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


def test_offline_a_subscription_of_classic_is_answered_when_there_is_a_connection_again(
    make_site: Callable[[str], Site], events: Any, everything_allowed: Any
) -> None:
    site = make_site("classic")
    site.publish(site.a, configuration=everything_allowed)
    site.deploy(a="1.0.0")
    site.relay.cut()
    site.wait(lambda: not site.device.status().connected)
    # Booted so: what is kept is started, and its configuration read at once.
    site.device.stop()
    (site.device.work(site.a) / "svcuid").unlink()
    site.device.start().until_state(site.a, "RUNNING")
    client, heard, given_up = site.device.speak_as(site.a), events(), events()
    topic = f"cmd/app/{site.thing}/report"
    granted, _ = client.subscribe_to_iot_core_async(topic_name=topic, qos="1", **heard.handlers())
    _, never = client.subscribe_to_iot_core_async(topic_name="other", qos="1", **given_up.handlers())
    client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"spooled")
    assert client.get_configuration().value == everything_allowed
    with pytest.raises(FuturesTimeout):
        granted.result(1.0)
    never.close().result(SECONDS)
    site.relay.join()
    granted.result(SECONDS)
    assert heard.next().message.payload == b"spooled"


def test_lite_answers_a_subscription_before_the_broker_has(
    make_site: Callable[[str], Site], events: Any, everything_allowed: Any
) -> None:
    site = make_site("lite")
    site.publish(site.a, configuration=everything_allowed)
    site.deploy(a="1.0.0")
    client, heard = site.device.speak_as(site.a), events()
    topic = f"cmd/app/{site.thing}/report"
    site.relay.hold()
    granted, _ = client.subscribe_to_iot_core_async(topic_name=topic, qos="1", **heard.handlers())
    granted.result(SECONDS)
    assert heard.none_within(0.1)
    site.relay.let_go()
    client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"on its way")
    assert heard.next().message.payload == b"on its way"


def test_with_mqtt_3_a_subscription_of_classic_is_answered_11_s_after_its_start(
    make_site: Callable[[str], Site], events: Any, everything_allowed: Any
) -> None:
    site = make_site("classic")
    site.publish(site.a, configuration=everything_allowed)
    site.deploy(a="1.0.0")
    site.device.stop()
    config = yaml.safe_load(site.device.config.read_text())
    config["services"]["aws.greengrass.Nucleus"]["configuration"]["mqtt"]["version"] = "mqtt3"
    site.device.config.write_text(yaml.safe_dump(config))
    (site.device.work(site.a) / "svcuid").unlink()
    site.device.start().until_state(site.a, "RUNNING")
    client, heard = site.device.speak_as(site.a), events()
    site.wait(lambda: site.device.status().connected)
    granted, _ = client.subscribe_to_iot_core_async(topic_name="cmd/x", qos="1", **heard.handlers())
    with pytest.raises(FuturesTimeout):
        granted.result(1.0)
    turn_device_clock(site.device.root, 11)
    granted.result(SECONDS)
    # Without a connection each is refused after a try, and nobody has an answer to anything meanwhile.
    site.relay.cut()
    site.wait(lambda: not site.device.status().connected)
    refused, _ = client.subscribe_to_iot_core_async(topic_name="cmd/y", qos="1", **events().handlers())
    asked = site.device.speak_as(site.a).get_configuration_async()
    with pytest.raises(FuturesTimeout):
        asked.result(1.0)
    turn_device_clock(site.device.root, 11)
    assert asked.result(SECONDS).value == everything_allowed
    with pytest.raises(ServiceError):
        refused.result(SECONDS)


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
