"""How lite counts: bytes of memory and objects, as its sources have it and as a real one answered."""

from typing import Any

import pytest
from greengrass_emulator.nucleus.lite_sizes import (
    RECIPE_FILE_BYTES,
    Measure,
    ReportedComponent,
    bus_bytes,
    deployment_memory,
    fault_of_deployment,
    fault_of_ipc_request,
    fault_of_job_message,
    fault_of_reading,
    fault_of_recipe,
    fault_of_write,
    measured,
    packet_bytes,
    reported,
)


def test_a_pair_is_two_objects_and_21_bytes_an_item_one_and_11() -> None:
    document = {"ab": "cdé", "list": [1, "x", True], "none": None, "deep": {"k": {}}}
    # 5 pairs, 3 items; keys 2 + 4 + 4 + 4 + 1, texts 4 + 1: numbers and empty objects need nothing more.
    assert measured(document) == Measure(objects=13, depth=3, frame=5 * 21 + 3 * 11, texts=15 + 5)


def nested(levels: int) -> Any:
    return "x" if levels == 1 else {"k": nested(levels - 1)}


@pytest.mark.parametrize(
    ("document", "fits"),
    [
        ({str(n): 1 for n in range(127)}, True),
        ({str(n): 1 for n in range(128)}, False),
        ({"l": [1] * 253}, True),
        ({"l": [1] * 254}, False),
        (nested(15), True),
        (nested(16), False),
    ],
)
def test_a_recipe_has_255_objects_and_15_levels(document: Any, fits: bool) -> None:
    assert (fault_of_recipe("{}", document) is None) is fits


def test_a_recipe_has_8196_bytes_and_needs_16384_of_memory() -> None:
    assert fault_of_recipe("é" * (RECIPE_FILE_BYTES // 2), {}) is None
    assert "8197 bytes" in str(fault_of_recipe("é" * (RECIPE_FILE_BYTES // 2) + "x", {}))
    assert fault_of_recipe("", {"k": "x" * (16_384 - 22)}) is None
    assert "16385 bytes of memory" in str(fault_of_recipe("", {"k": "x" * (16_384 - 21)}))


def test_a_deployment_needs_memory_for_its_components_ids_and_group() -> None:
    document = {
        "deploymentId": "d" * 36,
        "configurationArn": "arn:aws:greengrass:eu-west-1:1:configuration:thinggroup/line:12",
        "deploymentName": "counts for nothing",
        "components": {"com.a": {"version": "1.0.0", "configurationUpdate": {"reset": ["/desired"], "merge": {}}}},
    }
    arn = len(document["configurationArn"])
    components = 5 * 21 + 11 + len("com.aversion1.0.0configurationUpdatereset/desiredmerge")
    assert deployment_memory(document, "job") == 36 + 3 + arn + len("line") + components
    missing = 5_000 - deployment_memory(document, "job")
    document["components"]["com.a"]["version"] += "x" * missing  # type: ignore[index]
    assert fault_of_deployment(document, "job") is None
    assert "5001 bytes" in str(fault_of_deployment(document, "job+"))


def test_the_message_of_a_job_has_room_for_195_keys_whatever_they_say() -> None:
    assert fault_of_job_message({str(n): "x" * 1_000 for n in range(195)}) is None
    assert fault_of_job_message({str(n): "" for n in range(196)}) is not None


def test_a_write_has_room_for_100_keys_and_an_ipc_request_for_133() -> None:
    # 2,200 bytes, of which the request's own three keys and the three parts of the place need 96.
    assert fault_of_write("com.a", {str(n): 1 for n in range(100)}) is None
    assert fault_of_write("com.a", {str(n): 1 for n in range(101)}) is not None
    assert fault_of_write("com.a", {str(n): 1 for n in range(101)}, dated=False) is None
    assert fault_of_ipc_request({str(n): 1 for n in range(133)}) is None
    assert fault_of_ipc_request({str(n): 1 for n in range(134)}) is not None


def test_between_daemons_a_message_has_10000_bytes() -> None:
    assert bus_bytes({"ab": ["x", 1, 1.5, True, None]}) == 5 + (4 + 2) + 5 + 6 + 9 + 9 + 2 + 1
    leaves = {str(n): "x" * 900 for n in range(10)}
    assert fault_of_write("com.a", leaves) is None
    assert "10000 is the most" in str(fault_of_write("com.a", leaves | {"more": "x" * 900}))


def test_what_is_read_needs_10000_bytes_with_its_leaves_as_json() -> None:
    # Ten pairs of 21 + 1 bytes, and the leaves with their quotes.
    assert fault_of_reading({str(n): "x" * 976 for n in range(10)}) is None
    assert "needs 10010 bytes" in str(fault_of_reading({str(n): "x" * 977 for n in range(10)}))
    assert "128 levels" not in str(fault_of_reading({str(n): 1 for n in range(127)}))
    assert "256 objects" in str(fault_of_reading({str(n): 1 for n in range(128)}))


@pytest.mark.parametrize(("payload", "size"), [(118, 129), (119, 131), (4_988, 5_000)])
def test_a_packet_counts_its_topic_and_its_own_length(payload: int, size: int) -> None:
    assert packet_bytes("a/bc", payload) == size


def test_a_fleet_status_leaves_out_whom_it_has_no_room_for() -> None:
    long = [ReportedComponent(f"com.example.{n:0116}", "1.0.0", "RUNNING", ("a" * 100,)) for n in range(25)]
    taken = reported(long)
    # 4,872 bytes, of which the names of all 28 need 28 * 11 + 25 * 128 + 61; each then needs 5 + 7 + 11 + 100.
    assert len(taken) == (4_872 - 28 * 11 - 25 * 128 - 61) // 123
    assert taken == tuple(long[: len(taken)])
    assert reported([*long, *long]) == ()
