"""Configuration by IPC: read, followed, written, and which of two writings counts."""

from datetime import timedelta
from typing import Any

import pytest
from awsiot.greengrasscoreipc.model import (
    FailedUpdateConditionCheckError,
    ResourceNotFoundError,
    ServiceError,
)

from .two_components import A, B, now, two


def test_a_component_reads_and_follows_anothers_configuration_and_updates_only_its_own(
    device: Any, events: Any
) -> None:
    first, second = two(device, {"desired": {"release": "1", "models": {"m": "1.0.0"}}, "n": 5})
    assert first.get_configuration(component_name=B, key_path=["desired", "models"]).value == {"m": "1.0.0"}
    assert first.get_configuration(key_path=["n"]).value == {"n": 5}
    heard = events()
    first.subscribe_to_configuration_update(component_name=B, key_path=[], **heard.handlers())
    merge = {"models": {"m": "2.0.0"}, "release": "1"}
    second.update_configuration(key_path=["desired"], value_to_merge=merge, timestamp=now())
    event = heard.next().configuration_update_event
    # One event for each leaf that changes, and none for one that stays.
    assert (event.component_name, event.key_path) == (B, ["desired", "models", "m"])
    assert heard.none_within(0.2)
    assert first.get_configuration(key_path=["desired"]).value["models"] == {"m": "1.0.0"}
    assert second.get_configuration().value["desired"] == {"release": "1", "models": {"m": "2.0.0"}}


def test_a_key_that_is_not_there_can_neither_be_read_nor_followed(device: Any, events: Any) -> None:
    first, _ = two(device, {"n": 5})
    for call in (
        lambda: first.get_configuration(key_path=["nothing"]),
        lambda: first.get_configuration(component_name="com.example.nobody"),
        lambda: first.subscribe_to_configuration_update(key_path=["nothing"], **events().handlers()),
    ):
        with pytest.raises(ResourceNotFoundError) as caught:
            call()
        assert (caught.value.message is None) == (device.runtime == "lite")


def test_lite_gives_out_no_long_text(lite: Any) -> None:
    first, second = two(lite, {"long": "x" * 1_001, "short": "x" * 1_000})
    assert first.get_configuration(key_path=["short"]).value == {"short": "x" * 1_000}
    with pytest.raises(ServiceError):
        second.get_configuration(key_path=["long"])


def test_lite_forgets_who_follows_a_key_that_is_reset(lite: Any, events: Any) -> None:
    first, _ = two(lite, {"desired": {"release": "1"}})
    follows_key, follows_all = events(), events()
    first.subscribe_to_configuration_update(component_name=B, key_path=["desired"], **follows_key.handlers())
    first.subscribe_to_configuration_update(component_name=B, key_path=[], **follows_all.handlers())
    update = {B: {"RESET": ["/desired"], "MERGE": {"desired": {"release": "2"}}}}
    assert lite.deploy(f"{B}=1.0.0", update=update).status == "SUCCEEDED"
    assert follows_all.next().configuration_update_event.key_path == ["desired", "release"]
    assert follows_key.none_within(0.3)


def test_an_update_older_than_the_value_is_refused(classic: Any) -> None:
    first, _ = two(classic, {"n": 1})
    first.update_configuration(value_to_merge={"n": 2, "m": 1}, timestamp=now())
    with pytest.raises(FailedUpdateConditionCheckError):
        first.update_configuration(value_to_merge={"n": 3}, timestamp=now() - timedelta(minutes=1))
    assert first.get_configuration().value == {"n": 2, "m": 1}
    first.update_configuration(key_path=["m"], value_to_merge=4, timestamp=now())
    assert first.get_configuration().value == {"n": 2, "m": 4}


def test_lite_leaves_an_older_update_undone_and_says_nothing(lite: Any) -> None:
    first, _ = two(lite, {"n": 1})
    first.update_configuration(value_to_merge={"n": 2}, timestamp=now())
    first.update_configuration(value_to_merge={"n": 3, "m": 1}, timestamp=now() - timedelta(minutes=1))
    assert first.get_configuration().value == {"n": 2, "m": 1}


def test_lite_puts_no_value_in_an_objects_place_nor_writes_a_long_one(lite: Any) -> None:
    first, _ = two(lite, {"first": 1, "object": {"x": 1}, "value": 1})
    for refused in ({"object": 2}, {"value": {"x": 2}}, {"new": "x" * 1_023}):
        with pytest.raises(ServiceError):
            first.update_configuration(value_to_merge={"first": 2, **refused, "last": 2}, timestamp=now())
    assert first.get_configuration().value == {"first": 2, "object": {"x": 1}, "value": 1}
    first.update_configuration(key_path=["object", "y"], value_to_merge="x" * 1_000, timestamp=now())
    assert first.get_configuration(key_path=["object", "y"]).value == {"y": "x" * 1_000}


def test_classic_puts_a_value_in_an_objects_place(classic: Any) -> None:
    first, _ = two(classic, {"object": {"x": 1}, "value": 1})
    first.update_configuration(value_to_merge={"object": 2, "value": {"x": 2}}, timestamp=now())
    assert first.get_configuration().value == {"object": 2, "value": {"x": 2}}


def test_when_a_value_was_written_outlives_the_nucleus(make_device: Any) -> None:
    device = make_device("classic")
    two(device, {"n": 1, "deep/er": {"m": 1}})
    said_at = now()
    device.speak_as(A).update_configuration(value_to_merge={"deep/er": {"m": 2}}, timestamp=said_at)
    assert device.stop() == 0
    for svcuid in device.root.glob("work/*/svcuid"):
        svcuid.unlink()
    device.start()
    client = device.speak_as(A)
    with pytest.raises(FailedUpdateConditionCheckError):
        client.update_configuration(
            key_path=["deep/er"], value_to_merge={"m": 3}, timestamp=said_at - timedelta(seconds=1)
        )
    client.update_configuration(key_path=["new"], value_to_merge=5, timestamp=said_at - timedelta(seconds=1))
    assert client.get_configuration().value == {"n": 1, "deep/er": {"m": 2}, "new": 5}


def test_what_was_written_after_a_deployment_was_made_outweighs_its_merge(classic: Any, events: Any) -> None:
    first, _ = two(classic, {"n": 1, "m": 1, "gone": 1})
    told = events()
    first.subscribe_to_component_updates(**told.handlers())
    update = {A: {"RESET": ["/gone"], "MERGE": {"n": 2, "m": 2, "gone": 2}}}
    deployment = classic.ask_deployment(f"{A}=1.0.0", update=update)
    assert told.next().pre_update_event.deployment_id == deployment
    first.update_configuration(value_to_merge={"n": 7, "gone": 7}, timestamp=now())
    first.defer_component_update(deployment_id=deployment, recheck_after_ms=0)
    assert classic.ended(deployment).status == "SUCCEEDED"
    # What is reset does not stand any more, however young it was.
    assert first.get_configuration().value == {"n": 7, "m": 2, "gone": 2}
    # The next one was made later.
    assert told.next().post_update_event.deployment_id == deployment
    deployment = classic.ask_deployment(f"{A}=1.0.0", update=update)
    assert told.next().pre_update_event.deployment_id == deployment
    first.defer_component_update(deployment_id=deployment, recheck_after_ms=0)
    assert classic.ended(deployment).status == "SUCCEEDED"
    assert first.get_configuration().value == {"n": 2, "m": 2, "gone": 2}


def test_a_rollback_restores_the_times_of_values(classic: Any) -> None:
    first, _ = two(classic, {"n": 1})
    said_at = now()
    first.update_configuration(value_to_merge={"n": 2}, timestamp=said_at)
    classic.give(A, "2.0.0", run="exit 3")
    ended = classic.deploy(f"{A}=2.0.0", update={A: {"MERGE": {"n": 9}}})
    assert ended.detailed == "FAILED_ROLLBACK_COMPLETE"
    client = classic.speak_as(A)
    assert client.get_configuration().value == {"n": 2}
    client.update_configuration(value_to_merge={"n": 3}, timestamp=said_at + timedelta(milliseconds=5))
    assert client.get_configuration().value == {"n": 3}
