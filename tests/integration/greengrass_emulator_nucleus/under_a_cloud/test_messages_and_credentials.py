"""What a component has of the cloud: its messages, and the role's credentials."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from greengrass_emulator.cloud.cloud import Cloud

from .cloud_site import ACCOUNT, STAY, Site


def test_lite_ignores_retain(site: Site, events: Any, everything_allowed: Any) -> None:
    site.publish(site.a, configuration=everything_allowed)
    site.deploy(a="1.0.0")
    client, heard = site.device.speak_as(site.a), events()
    topic = f"dt/{site.thing}/kept"
    client.publish_to_iot_core(topic_name=topic, qos="1", payload=b"kept", retain=True)
    client.subscribe_to_iot_core(topic_name=topic, qos="1", **heard.handlers())
    if site.device.runtime == "classic":
        assert heard.next().message.payload == b"kept"
    else:
        assert heard.none_within(0.5)


def test_messages_go_to_iot_core_and_come_from_it(
    site: Site, events: Any, everything_allowed: Any, greengrass_cloud: Cloud
) -> None:
    site.publish(site.a, configuration=everything_allowed)
    site.deploy(a="1.0.0")
    client, heard = site.device.speak_as(site.a), events()
    client.subscribe_to_iot_core(topic_name=f"cmd/app/{site.thing}/+", qos="1", **heard.handlers())
    # Lite says that it has subscribed before the broker does; what follows on its own connection comes after it.
    client.publish_to_iot_core(topic_name=f"cmd/app/{site.thing}/own", qos="1", payload=b"own")
    assert heard.next().message.payload == b"own"
    greengrass_cloud.publish(f"cmd/app/{site.thing}/report", b'{"x": 1}', account=ACCOUNT)
    message = heard.next().message
    assert (message.topic_name, message.payload) == (f"cmd/app/{site.thing}/report", b'{"x": 1}')
    shadow = f"$aws/things/{site.thing}/shadow/name/mlops/update"
    payload = json.dumps({"state": {"reported": {"release": "7"}}}).encode()
    client.publish_to_iot_core(topic_name=shadow, qos="1", payload=payload)
    data = greengrass_cloud.client("iot-data", account=ACCOUNT)

    def reported() -> Any:
        with suppress(data.exceptions.ResourceNotFoundException):
            answer = data.get_thing_shadow(thingName=site.thing, shadowName="mlops")
            return json.loads(answer["payload"].read())["state"]["reported"]
        return None

    assert site.wait(reported) == {"release": "7"}


def test_components_get_the_roles_credentials_for_their_token(make_site: Callable[[str], Site]) -> None:
    site = make_site("classic")
    site.publish(site.a, run="env > environment; " + STAY)
    site.deploy(a="1.0.0")
    token = site.device.token(site.a)
    lines = (site.device.work(site.a) / "environment").read_text().splitlines()
    environment = dict(line.split("=", 1) for line in lines if "=" in line)
    assert environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] == token
    assert Path(environment["GG_ROOT_CA_PATH"]).is_file()
    uri = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    given = urllib3.request("GET", uri, headers={"Authorization": token}).json()
    sts = boto3.client(
        "sts",
        region_name="eu-west-1",
        endpoint_url=site.cloud.endpoint_url,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["Token"],
    )
    assert ":assumed-role/GreengrassV2TokenExchangeRole/" in sts.get_caller_identity()["Arn"]
    assert urllib3.request("GET", uri, headers={"Authorization": "wrong"}).status == 403
    assert urllib3.request("GET", uri + "more", headers={"Authorization": token}).status == 404


def test_an_idle_nucleus_costs_little(site: Site) -> None:
    psutil = pytest.importorskip("psutil")
    site.publish(site.a, artifacts=(site.upload("model.zip", {"x": "y"}),))
    site.deploy(a="1.0.0")
    process = psutil.Process(site.device.process.pid)
    assert process.memory_info().rss < 80 * 1024 * 1024
