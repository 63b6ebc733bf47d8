"""What a deployment makes of a component's configuration, what restarts for it, and who hears of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

A, B = "com.example.a", "com.example.b"


def test_a_merge_lies_over_what_runs_and_only_lite_replaces_a_default_by_a_newer_one(device: Any) -> None:
    device.give(A, "1.0.0", configuration={"kept": 1, "deep": {"x": 1}, "list": [1, 2]})
    device.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"deep": {"y": 2}, "list": [3]}}})
    expected = {"kept": 1, "deep": {"x": 1, "y": 2}, "list": [3]}
    assert device.speak_as(A).get_configuration().value == expected
    device.give(A, "1.1.0", configuration={"kept": 9, "deep": {"x": 9, "z": 9}, "new": {"a": True}})
    (device.work(A) / "svcuid").unlink()
    device.deploy(f"{A}=1.1.0")
    # Lite writes each default with the time 0, so that it lies over an older default, and under all that was merged.
    default = 9 if device.runtime == "lite" else 1
    expected = {"kept": default, "deep": {"x": default, "y": 2, "z": 9}, "list": [3], "new": {"a": True}}
    assert device.speak_as(A).get_configuration().value == expected
    device.deploy(f"{A}=1.1.0", update={A: {"RESET": ["/deep/y", "/kept", "/nothing/here"]}})
    changed = device.speak_as(A).get_configuration().value
    # What was reset falls back to the recipe's default, if it has one.
    assert (changed["deep"], changed["kept"]) == ({"x": default, "z": 9}, 9)


def test_a_default_never_replaces_what_was_merged_be_it_the_same(device: Any) -> None:
    device.give(A, "1.0.0", configuration={"n": 1})
    device.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"n": 1}}})
    device.give(A, "1.1.0", configuration={"n": 9})
    (device.work(A) / "svcuid").unlink()
    device.deploy(f"{A}=1.1.0")
    assert device.speak_as(A).get_configuration().value == {"n": 1}


@pytest.mark.parametrize(
    ("stands", "merge", "why"),
    [
        ({"n": {"x": 1}}, {"n": 2}, "/n is an object, and no value is put in its place"),
        ({"n": {}}, {"n": 2}, "/n is an object, and no value is put in its place"),
        ({"n": 1}, {"n": {"x": {"y": 2}}}, "/n holds a value, and /n/x/y wants an object there"),
        ({"n": 1}, {"n": {}}, "/n holds a value, and no object is put in its place"),
        ({"n": None}, {"n": {"x": 1}}, "/n holds a value, and /n/x wants an object there"),
        ({}, {"n": "x" * 1_023}, "/n has 1025 bytes as JSON, and 1024 is the most of a leaf"),
        ({}, {"n": ["x" * 100] * 10}, "/n has 1031 bytes as JSON, and 1024 is the most of a leaf"),
    ],
)
def test_lite_refuses_a_leaf_and_leaves_the_rest_half_written(
    lite: Any, stands: dict[str, Any], merge: dict[str, Any], why: str
) -> None:
    lite.give(A, configuration={"first": 1, "last": 1, **stands})
    lite.deploy(f"{A}=1.0.0")
    ended = lite.ended(lite.ask_deployment(f"{A}=1.0.0", update={A: {"MERGE": {"first": 2, **merge, "last": 2}}}))
    assert ended.status == "FAILED"
    assert why in ended.cause
    assert lite.speak_as(A).get_configuration().value == {"first": 2, "last": 1, **stands}


def test_classic_puts_one_in_the_others_place_and_takes_long_leaves(classic: Any) -> None:
    classic.give(A, configuration={"object": {"x": 1}, "value": 1})
    merge = {"object": 2, "value": {"x": 2}, "long": "x" * 2_000}
    classic.deploy(f"{A}=1.0.0", update={A: {"MERGE": merge}})
    assert classic.speak_as(A).get_configuration().value == merge


def test_lite_fails_a_recipe_whose_default_is_an_object_where_a_value_stands(lite: Any) -> None:
    lite.give(A, "1.0.0", configuration={"n": 1})
    lite.deploy(f"{A}=1.0.0")
    lite.give(A, "1.1.0", configuration={"n": {"x": 1}})
    ended = lite.ended(lite.ask_deployment(f"{A}=1.1.0"))
    assert (ended.status, "/n holds a value" in ended.cause) == ("FAILED", True)


def test_configuration_alone_restarts_nothing_on_classic_and_the_component_on_lite(
    device: Any, wait_until: Any
) -> None:
    device.give(A)
    device.give(B)
    device.deploy(f"{A}=1.0.0", f"{B}=1.0.0")
    before = {name: device.pid(name) for name in (A, B)}
    device.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"n": 1}}})
    assert device.pid(B) == before[B]
    if device.runtime == "classic":
        assert device.pid(A) == before[A]
    else:
        wait_until(lambda: device.pid(A) != before[A])


def test_a_new_text_of_a_step_restarts_also_if_only_a_variable_changed_it(classic: Any, wait_until: Any) -> None:
    classic.give(A, configuration={"n": 1}, run="echo {configuration:/n} >> runs; exec sleep 1000")
    classic.deploy(f"{A}=1.0.0")
    first = classic.pid(A)
    classic.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"n": 2}}})
    wait_until(lambda: classic.pid(A) != first)
    assert (classic.work(A) / "runs").read_text().split() == ["1", "2"]


def test_followers_see_one_event_for_each_leaf_and_can_catch_it_half_done(device: Any, events: Any) -> None:
    device.give(A)
    device.give(B, configuration={"desired": {f"key-{n}": 0 for n in range(60)}}, run="exit 0")
    device.deploy(f"{A}=1.0.0", f"{B}=1.0.0")
    client, heard = device.speak_as(A), events()
    client.subscribe_to_configuration_update(component_name=B, key_path=[], **heard.handlers())
    desired = {f"key-{n}": 1 for n in range(60)}
    deployment = device.ask_deployment(f"{B}=1.0.0", update={B: {"RESET": ["/desired"], "MERGE": {"desired": desired}}})
    first = heard.next()
    seen = client.get_configuration(component_name=B, key_path=[]).value.get("desired", {})
    assert device.ended(deployment).status == "SUCCEEDED"
    assert client.get_configuration(component_name=B, key_path=["desired"]).value == desired
    changed = {tuple(each.configuration_update_event.key_path) for each in (first, *(heard.next() for _ in range(59)))}
    assert changed == {("desired", f"key-{n}") for n in range(60)}
    assert set(seen.values()) <= {0, 1}


def test_an_unchanged_merge_is_applied_again_over_what_the_component_wrote(classic: Any, events: Any) -> None:
    classic.give(A, configuration={"n": 1})
    update = {A: {"MERGE": {"n": 2}}}
    classic.deploy(f"{A}=1.0.0", update=update)
    client, heard = classic.speak_as(A), events()
    client.update_configuration(value_to_merge={"n": 3, "own": 4}, timestamp=datetime.now(UTC))
    client.subscribe_to_configuration_update(key_path=[], **heard.handlers())
    assert classic.deploy(f"{A}=1.0.0", update=update).status == "SUCCEEDED"
    assert heard.next().configuration_update_event.key_path == ["n"]
    assert client.get_configuration().value == {"n": 2, "own": 4}
