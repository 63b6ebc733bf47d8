"""Shadows by topic and by ``iot-data``: documents, versions, what is deleted, what is refused."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud

NewDevice = Callable[..., Any]


@pytest.fixture
def data(cloud: Cloud) -> Any:
    return cloud.client("iot-data", account="preprod")


@pytest.fixture
def thing(cloud: Cloud, unique: str) -> str:
    cloud.client("iot", account="preprod").create_thing(thingName=unique)
    return unique


def update(data: Any, thing: str, name: str, state: dict[str, Any], **more: Any) -> dict[str, Any]:
    payload = json.dumps({"state": state, **more}).encode()
    answer = data.update_thing_shadow(thingName=thing, shadowName=name, payload=payload)
    read: dict[str, Any] = json.loads(answer["payload"].read())
    return read


def test_an_update_publishes_the_documents_and_the_delta(data: Any, unique: str, new_device: NewDevice) -> None:
    device = new_device(unique)
    prefix = f"$aws/things/{unique}/shadow/name/mlops"
    for topic in ("update/documents", "update/delta"):
        device.subscribe(f"{prefix}/{topic}")
    update(data, unique, "mlops", {"reported": {"a": {"x": 1, "y": 2}}})
    first = device.receive(f"{prefix}/update/documents")
    assert (first["previous"], first["current"]["version"]) == ({}, 1)
    update(data, unique, "mlops", {"desired": {"a": {"x": 1, "y": 3}, "b": [1]}}, clientToken="mine")
    delta = device.receive(f"{prefix}/update/delta")
    assert (delta["state"], delta["version"], delta["clientToken"]) == ({"a": {"y": 3}, "b": [1]}, 2, "mine")
    assert set(delta["metadata"]) == {"a", "b"}
    assert set(delta["metadata"]["a"]) == {"y"}
    assert delta["metadata"]["a"]["y"]["timestamp"] > 0
    update(data, unique, "mlops", {"reported": {"b": [1]}})
    assert device.receive(f"{prefix}/update/delta")["state"] == {"a": {"y": 3}}, "a report leaves a difference"
    update(data, unique, "mlops", {"reported": {"a": {"y": 3}}})
    last = device.receive(f"{prefix}/update/documents")
    assert (last["previous"]["version"], last["current"]["version"]) == (3, 4)
    assert last["previous"]["state"]["reported"] == {"a": {"x": 1, "y": 2}, "b": [1]}
    assert set(last["current"]["state"]) == {"desired", "reported"}
    got = json.loads(data.get_thing_shadow(thingName=unique, shadowName="mlops")["payload"].read())
    assert "delta" not in got["state"], "nothing differs any more"


def test_a_deletion_is_published_and_the_version_counts_on(data: Any, unique: str, new_device: NewDevice) -> None:
    device = new_device(unique)
    topic = f"$aws/things/{unique}/shadow/name/mlops/delete"
    device.subscribe(f"{topic}/+")
    before = update(data, unique, "mlops", {"reported": {"a": 1}})["version"]
    data.delete_thing_shadow(thingName=unique, shadowName="mlops")
    assert "state" not in device.receive(f"{topic}/accepted")
    with pytest.raises(data.exceptions.ResourceNotFoundException):
        data.get_thing_shadow(thingName=unique, shadowName="mlops")
    with pytest.raises(data.exceptions.ResourceNotFoundException):
        data.delete_thing_shadow(thingName=unique, shadowName="mlops")
    device.publish(topic, {"clientToken": "again"})
    refused = device.receive(f"{topic}/rejected")
    assert (refused["code"], refused["clientToken"]) == (404, "again")
    assert update(data, unique, "mlops", {"reported": {"b": 2}})["version"] > before
    got = json.loads(data.get_thing_shadow(thingName=unique, shadowName="mlops")["payload"].read())
    assert got["state"] == {"reported": {"b": 2}}


def test_a_things_named_shadows_are_listed_in_pages_without_deleted_and_classic_ones(data: Any, thing: str) -> None:
    data.update_thing_shadow(thingName=thing, payload=b'{"state": {"reported": {"classic": 1}}}')
    for name in ("c", "a", "b", "gone"):
        update(data, thing, name, {"reported": {"n": name}})
    data.delete_thing_shadow(thingName=thing, shadowName="gone")
    first = data.list_named_shadows_for_thing(thingName=thing, pageSize=2)
    rest = data.list_named_shadows_for_thing(thingName=thing, pageSize=2, nextToken=first["nextToken"])
    assert (first["results"], rest["results"]) == (["a", "b"], ["c"])
    assert "nextToken" not in rest
    with pytest.raises(data.exceptions.ResourceNotFoundException):
        data.list_named_shadows_for_thing(thingName=f"{thing}-no")


def test_an_update_for_a_version_that_is_past_changes_nothing(data: Any, thing: str) -> None:
    update(data, thing, "mlops", {"reported": {"a": 1}}, version=0)
    assert update(data, thing, "mlops", {"reported": {"a": 2}}, version=1)["version"] == 2
    with pytest.raises(data.exceptions.ConflictException):
        update(data, thing, "mlops", {"reported": {"a": 3}}, version=1)
    got = json.loads(data.get_thing_shadow(thingName=thing, shadowName="mlops")["payload"].read())
    assert got["state"]["reported"] == {"a": 2}


def nested(levels: int) -> Any:
    return {"x": nested(levels - 1)} if levels else 1


@pytest.mark.parametrize(
    ("name", "state", "more", "message"),
    [
        ("mlops", {"reported": nested(9)}, {}, "levels of nesting"),
        ("mlops", {"said": {}}, {}, "invalid node"),
        ("m/lops", {"reported": {}}, {}, "must match"),
        ("mlops", {"reported": {}}, {"clientToken": "x" * 65}, "clientToken"),
    ],
)
def test_a_shadow_that_aws_would_refuse_is_refused(
    data: Any, thing: str, name: str, state: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(data.exceptions.InvalidRequestException, match=message):
        update(data, thing, name, state, **more)


def test_a_shadow_has_8192_bytes_of_state_however_many_updates_made_it(
    data: Any, unique: str, new_device: NewDevice
) -> None:
    device, topic = new_device(unique), f"$aws/things/{unique}/shadow/name/mlops/update"
    device.subscribe(f"{topic}/+")
    state: dict[str, Any] = {"reported": {"a": "x" * 4_000, "b": ""}}
    room = 8_192 - len(json.dumps({"reported": {"a": "x" * 4_000, "b": ""}}, separators=(",", ":")))
    update(data, unique, "mlops", state)
    device.receive(f"{topic}/accepted")
    device.publish(topic, {"state": {"reported": {"b": "y" * (room + 1)}}, "clientToken": "too much"})
    refused = device.receive(f"{topic}/rejected")
    assert (refused["code"], refused["clientToken"]) == (413, "too much")
    with pytest.raises(data.exceptions.RequestEntityTooLargeException):
        update(data, unique, "mlops", {"reported": {"b": "y" * (room + 1)}})
    assert update(data, unique, "mlops", {"reported": {"b": "y" * room}})["version"] == 2
    # What goes makes room.
    assert update(data, unique, "mlops", {"reported": {"a": None, "c": "z" * 3_900}})["version"] == 3


def test_eight_levels_are_taken(data: Any, thing: str) -> None:
    assert update(data, thing, "deep", {"reported": nested(8)})["version"] == 1


def test_a_value_keeps_the_time_of_its_own_last_update(data: Any, thing: str) -> None:
    update(data, thing, "mlops", {"reported": {"a": {"x": 1, "y": [1, 2]}, "b": 1}, "desired": {"a": {"x": 2}}})
    first = metadata(data, thing)
    old = first["reported"]["b"]["timestamp"]
    wait_for_the_second_after(old)
    # As AWS has it, what is sent counts as updated even where it is the same; what is not sent does not.
    answer = update(data, thing, "mlops", {"reported": {"a": {"x": 1}, "c": 3}})
    new = answer["metadata"]["reported"]["c"]["timestamp"]
    assert new > old
    now = metadata(data, thing)
    assert now["reported"] == {
        "a": {"x": {"timestamp": new}, "y": [{"timestamp": old}, {"timestamp": old}]},
        "b": {"timestamp": old},
        "c": {"timestamp": new},
    }
    assert now["desired"] == first["desired"]
    # What was taken out and comes back is new; a list is one value.
    update(data, thing, "mlops", {"reported": {"b": None}})
    update(data, thing, "mlops", {"reported": {"b": 1, "a": {"y": [1]}}, "desired": None})
    last = metadata(data, thing)
    assert last["reported"]["b"]["timestamp"] >= new
    assert [each["timestamp"] >= new for each in last["reported"]["a"]["y"]] == [True]
    assert last["reported"]["c"] == {"timestamp": new}
    assert "desired" not in last


def metadata(data: Any, thing: str) -> dict[str, Any]:
    document = json.loads(data.get_thing_shadow(thingName=thing, shadowName="mlops")["payload"].read())
    found: dict[str, Any] = document["metadata"]
    return found


def wait_for_the_second_after(timestamp: int) -> None:
    """Shadows count in whole seconds."""
    while int(time.time()) <= timestamp:
        time.sleep(0.02)
