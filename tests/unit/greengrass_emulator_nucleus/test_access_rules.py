"""What a policy's resource stands for, and which topics a filter takes in."""

from typing import Any

import pytest
from greengrass_emulator.mqtt_topics import topic_matches
from greengrass_emulator.nucleus.ipc.answers import UnauthorizedError
from greengrass_emulator.nucleus.ipc.authorization import MQTT_PROXY, check_access


def _is_allowed(resource: str, asked: str, operations: Any = ("*",), thing: str | None = None) -> bool:
    configuration = {"accessControl": {MQTT_PROXY: {"p": {"operations": list(operations), "resources": [resource]}}}}
    try:
        check_access(configuration, MQTT_PROXY, "PublishToIoTCore", asked, component="c", thing=thing)
    except UnauthorizedError:
        return False
    return True


@pytest.mark.parametrize(
    ("resource", "asked", "allowed"),
    [
        ("*", "any/thing", True),
        ("dt/*", "dt/a/b", True),
        ("dt/*/health", "dt/a/b/health", True),
        ("dt/*", "cmd/a", False),
        ("dt/+/health", "dt/a/health", True),
        ("dt/+/health", "dt/a/b/health", False),
        ("dt/+/health", "dt/+/health", True),
        ("dt/+", "dt/#", False),
        ("dt/#", "dt/a/b", True),
        ("dt/#", "dt", True),
        ("dt/#", "dtx", False),
        ("#", "any/thing", True),
        ("dt/a", "dt/+", False),
        ("dt/a.b", "dt/axb", False),
        ("$aws/things/+/shadow/name/mlops/update", "$aws/things/t/shadow/name/mlops/update", True),
        ("$aws/things/+/shadow/name/mlops/update", "$aws/things/t/shadow/name/other/update", False),
        ("dt/{iot:thingName}", "dt/t", False),
        ("dt/{iot:thingName}", "dt/{iot:thingName}", True),
    ],
)
def test_a_resource_allows(resource: str, asked: str, allowed: bool) -> None:
    assert _is_allowed(resource, asked) == allowed


def test_the_things_name_is_filled_in_where_the_runtime_does_so() -> None:
    assert _is_allowed("dt/{iot:thingName}/x", "dt/t/x", thing="t")
    assert not _is_allowed("dt/{iot:thingName}/x", "dt/u/x", thing="t")


def test_an_operation_must_be_named() -> None:
    assert _is_allowed("*", "a", ("aws.greengrass#PublishToIoTCore",))
    assert not _is_allowed("*", "a", ("aws.greengrass#SubscribeToIoTCore",))


@pytest.mark.parametrize("control", [None, [], {MQTT_PROXY: []}, {MQTT_PROXY: {"p": 5}}, {MQTT_PROXY: {"p": {}}}])
def test_an_access_control_without_a_valid_policy_allows_nothing(control: Any) -> None:
    with pytest.raises(UnauthorizedError):
        check_access({"accessControl": control}, MQTT_PROXY, "PublishToIoTCore", "a", component="c", thing=None)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "taken"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("+/b", "a/b", True),
        ("#", "$aws/x", False),
        ("+/x", "$aws/x", False),
        ("$aws/#", "$aws/x", True),
        ("a", "a/b", False),
    ],
)
def test_a_filter_matches_a_topic(topic_filter: str, topic: str, taken: bool) -> None:
    assert topic_matches(topic_filter, topic) == taken
