"""Recipes and configurations at the borders of lite's buffers, on a device."""

from datetime import UTC, datetime
from typing import Any

import pytest
from awsiot.greengrasscoreipc.model import JsonMessage, PublishMessage, ServiceError

A = "com.example.a"


def _give_recipe_of(device: Any, size: int) -> None:
    device.give(A, run="exit 0 #")
    file = device.recipes / f"{A}-1.0.0.json"
    written = file.read_text()
    file.write_text(written.replace("exit 0 #", "exit 0 #" + "x" * (size - len(written.encode()))))
    assert file.stat().st_size == size


def test_lite_reads_a_recipe_of_8196_bytes_and_none_of_one_more(lite: Any) -> None:
    _give_recipe_of(lite, 8_197)
    ended = lite.deploy(f"{A}=1.0.0")
    assert (ended.status, "8197 bytes, and 8196 is the most" in ended.cause) == ("FAILED", True)
    _give_recipe_of(lite, 8_196)
    assert lite.deploy(f"{A}=1.0.0").status == "SUCCEEDED"


def test_lite_writes_a_hundred_keys_at_once_and_none_of_one_more(lite: Any) -> None:
    lite.give(A, configuration={str(n): "x" for n in range(101)})
    ended = lite.deploy(f"{A}=1.0.0")
    assert (ended.status, "and there are 2200" in ended.cause) == ("FAILED", True)
    lite.give(A, configuration={str(n): "x" for n in range(100)})
    assert lite.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    client = lite.speak_as(A)
    now = datetime.now(UTC)
    with pytest.raises(ServiceError):
        client.update_configuration(key_path=[], timestamp=now, value_to_merge={str(n): "y" for n in range(101)})
    assert client.get_configuration(key_path=["0"]).value == {"0": "x"}
    client.update_configuration(key_path=[], timestamp=now, value_to_merge={str(n): "y" for n in range(100)})
    assert client.get_configuration().value == {str(n): "y" for n in range(100)}


@pytest.mark.parametrize(
    ("keys", "length"),
    [
        # Within an IPC frame of 10,000 bytes, but not within the store's memory, where a key needs 21 bytes more.
        (64, 140),
        # The other way round.
        (11, 883),
    ],
)
def test_lite_answers_service_error_for_a_map_that_is_too_large_and_keeps_the_connection(
    lite: Any, keys: int, length: int
) -> None:
    lite.give(A)
    lite.deploy(f"{A}=1.0.0")
    client = lite.speak_as(A)
    for n in range(keys):
        value = {f"k{n}": "x" * length}
        client.update_configuration(key_path=["m"], timestamp=datetime.now(UTC), value_to_merge=value)
    with pytest.raises(ServiceError):
        client.get_configuration(key_path=["m"])
    assert client.get_configuration(key_path=["m", "k0"]).value == {"k0": "x" * length}


def test_lite_answers_service_error_to_a_request_of_more_keys_than_it_has_room_for(
    lite: Any, everything_allowed: dict[str, Any]
) -> None:
    lite.give(A, configuration=everything_allowed)
    lite.deploy(f"{A}=1.0.0")
    client = lite.speak_as(A)

    def publish(keys: int) -> None:
        message = PublishMessage(json_message=JsonMessage(message={str(n): 1 for n in range(keys)}))
        client.publish_to_topic(topic="t", publish_message=message)

    # 2,805 bytes at 21 a key, of which the request itself has four.
    publish(129)
    with pytest.raises(ServiceError):
        publish(130)
