"""The publisher counts as the emulated lite does, which keeps lite's own rules: at each border both say the same."""

import json
from typing import Any

import pytest
from greengrass_emulator.nucleus import lite_sizes as lite

from cloud_publisher.deploying.deployment import DeployedComponent, DeploymentContent
from cloud_publisher.fleet.targets import parse_target
from cloud_publisher.sizes.deployment_sizes import deployment_figures, place_of
from cloud_publisher.sizes.figure import recipe_figures
from cloud_publisher.sizes.job_message import AN_ID, JobMessage, job_message

TARGET = parse_target("arn:aws:iot:eu-west-1:111111111111:thinggroup/line")
THING = "press-4"


def content_of(*components: tuple[str, dict[str, Any]]) -> DeploymentContent:
    return DeploymentContent(
        {name: DeployedComponent("1.0.0", json.dumps(merge), ("/old",)) for name, merge in components}
    )


def refused(content: DeploymentContent) -> set[str]:
    """What the publisher finds too large, by what it calls it and its unit."""
    place = place_of(TARGET, [THING], lite=True)
    return {f"{each.what}, {each.unit}" for each in deployment_figures(content, place) if each.over}


def brought(content: DeploymentContent) -> JobMessage:
    return job_message(content, TARGET, THING)


@pytest.mark.parametrize("too_much", [False, True])
def test_the_memory_of_a_deployment(too_much: bool) -> None:
    def made(length: int) -> DeploymentContent:
        return content_of(("app", {f"k{number}": "ä" * 400 for number in range(5)} | {"last": "x" * length, "n": [1]}))

    room = lite.DEPLOYMENT_BYTES - lite.deployment_memory(brought(made(0)).document, AN_ID)
    content = made(room + too_much)
    assert (lite.fault_of_deployment(brought(content).document, AN_ID) is None) is not too_much
    assert ("the deployment's document, bytes in lite's memory" in refused(content)) is too_much


@pytest.mark.parametrize(("keys", "too_many"), [(122, False), (123, True)])
def test_the_objects_of_a_deployment(keys: int, too_many: bool) -> None:
    # A key is two objects: the component, its version, its update, merge, reset with its item, and these.
    content = content_of(("a", {f"{number}": 1 for number in range(keys)}))
    assert (lite.fault_of_deployment(brought(content).document, AN_ID) is not None) is too_many
    assert ("the deployment's document, objects" in refused(content)) is too_many


def test_the_frame_and_the_packet_of_the_message() -> None:
    for keys in (60, 160, 170):
        content = content_of(("a", {f"{number}": 1 for number in range(keys)}))
        message = brought(content)
        frame = "the job's message, bytes of keys and lists in lite's memory"
        assert (lite.fault_of_job_message(message.payload) is not None) is (frame in refused(content))
    for length in (3_900, 4_050, 4_200):
        content = content_of(("a", {"text": "x" * length}))
        message = brought(content)
        size = lite.packet_bytes(message.topic, lite.json_bytes(message.payload))
        assert (size > lite.LARGEST_PACKET) is ("the job's MQTT packet, bytes" in refused(content))


@pytest.mark.parametrize(("keys", "too_many"), [(101, False), (102, True)])
def test_what_one_write_may_have(keys: int, too_many: bool) -> None:
    merge = {f"{number}": 1 for number in range(keys)}
    assert (lite.fault_of_write("a", merge, dated=False) is not None) is too_many
    what = "the configuration of a, bytes of keys and lists in lite's memory"
    assert (what in refused(content_of(("a", merge)))) is too_many


@pytest.mark.parametrize("characters", [25, 60, 128])
def test_who_gets_into_a_fleet_status(characters: int) -> None:
    def content_with(count: int) -> DeploymentContent:
        names = [f"{number:02}".ljust(characters, "x") for number in range(count)]
        return DeploymentContent({name: DeployedComponent("10.0.0") for name in names})

    def told(content: DeploymentContent) -> int:
        arn = brought(content).arn
        said = (lite.ReportedComponent(name, "10.0.0", "FINISHED", (arn,)) for name in content.components)
        return len(lite.reported(said))

    what = "lite's fleet status, bytes in lite's memory"
    most = max(count for count in range(1, 60) if what not in refused(content_with(count)))
    assert told(content_with(most)) == most
    assert told(content_with(most + 1)) < most + 1


@pytest.mark.parametrize(
    "recipe",
    [
        {"A": "x" * 8_187},
        {"A": "x" * 8_188},
        {"A": [1] * 253},
        {"A": [1] * 254},
        {"A": json.loads("[" * 13 + "]" * 13)},
        {"A": json.loads("[" * 14 + "1" + "]" * 14)},
        {f"{number:03}": {"a": {"b": 1}} for number in range(42)},
        {f"{number:03}": {"a": {"b": 1}} for number in range(43)},
    ],
)
def test_a_recipe(recipe: dict[str, Any]) -> None:
    text = json.dumps(recipe)
    found = any(each.over for each in recipe_figures("app", text, recipe))
    assert found is (lite.fault_of_recipe(text, recipe) is not None)
