"""The fleet index through the API: off by default, built within its time, some seconds late, with its own queries."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud

ACCOUNT = "prod"
SHADOW_INDEX = {
    "thingIndexingMode": "REGISTRY",
    "namedShadowIndexingMode": "ON",
    "filter": {"namedShadowNames": ["mlops"]},
}
LONG = 60.0
"""Seconds in which an index is built, and after which it has seen everything."""


@pytest.fixture
def iot(cloud: Cloud) -> Any:
    return cloud.client("iot", account=ACCOUNT)


@pytest.fixture
def data(cloud: Cloud) -> Any:
    return cloud.client("iot-data", account=ACCOUNT)


@pytest.fixture
def index(cloud: Cloud, iot: Any) -> Iterator[Any]:
    """The index of things and their shadow ``mlops``, ACTIVE; turned off at the end."""
    iot.update_indexing_configuration(thingIndexingConfiguration=SHADOW_INDEX)
    cloud.turn_clock(LONG)
    yield iot
    cloud.faults.clear()
    iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "OFF"})


@pytest.fixture
def group(iot: Any, unique: str) -> str:
    iot.create_thing_group(thingGroupName=unique)
    return unique


def make(iot: Any, group: str, name: str, **attributes: str) -> str:
    thing = f"{group}-{name}"
    iot.create_thing(thingName=thing, attributePayload={"attributes": attributes})
    iot.add_thing_to_thing_group(thingName=thing, thingGroupName=group)
    return thing


def write(data: Any, thing: str, reported: object, name: str = "mlops") -> None:
    payload = json.dumps({"state": {"reported": reported}}).encode()
    data.update_thing_shadow(thingName=thing, shadowName=name, payload=payload)


def names(iot: Any, query: str) -> set[str]:
    return {each["thingName"] for each in iot.search_index(queryString=query)["things"]}


def refused(iot: Any, query: str, **more: Any) -> str:
    with pytest.raises(iot.exceptions.ClientError) as caught:
        iot.search_index(queryString=query, **more)
    return str(caught.value.response["Error"]["Code"])


def test_indexing_is_off_until_it_is_turned_on_and_takes_its_time(cloud: Cloud, iot: Any) -> None:
    assert iot.get_indexing_configuration()["thingIndexingConfiguration"]["thingIndexingMode"] == "OFF"
    assert refused(iot, "*") == "ResourceNotFoundException"
    with pytest.raises(iot.exceptions.ResourceNotFoundException):
        iot.describe_index(indexName="AWS_Things")
    iot.update_indexing_configuration(thingIndexingConfiguration=SHADOW_INDEX)
    try:
        assert iot.describe_index(indexName="AWS_Things")["indexStatus"] == "BUILDING"
        assert refused(iot, "*") == "IndexNotReadyException"
        cloud.turn_clock(LONG)
        described = iot.describe_index(indexName="AWS_Things")
        assert (described["indexStatus"], described["schema"]) == ("ACTIVE", "MULTI_INDEXING_MODE")
        assert iot.list_indices()["indexNames"] == ["AWS_Things"]
        got = iot.get_indexing_configuration()["thingIndexingConfiguration"]
        assert got["filter"] == {"namedShadowNames": ["mlops"]}
        # What was got can be set again, and is no change.
        iot.update_indexing_configuration(thingIndexingConfiguration=got)
        assert iot.describe_index(indexName="AWS_Things")["indexStatus"] == "ACTIVE"
        iot.update_indexing_configuration(thingIndexingConfiguration=got | {"thingIndexingMode": "REGISTRY_AND_SHADOW"})
        assert iot.describe_index(indexName="AWS_Things")["indexStatus"] == "REBUILDING"
    finally:
        iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "OFF"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"thingIndexingMode": "OFF", "namedShadowIndexingMode": "ON"},
        {"thingIndexingMode": "EVERYTHING"},
        SHADOW_INDEX | {"filter": {"namedShadowNames": [f"s{number}" for number in range(11)]}},
        SHADOW_INDEX | {"managedFields": [{"name": "mine", "type": "String"}]},
    ],
)
def test_an_invalid_indexing_configuration_is_refused(iot: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(iot.exceptions.InvalidRequestException):
        iot.update_indexing_configuration(thingIndexingConfiguration=wrong)


def test_a_shadow_is_seen_some_seconds_later_and_as_it_was_then(
    cloud: Cloud, index: Any, data: Any, group: str
) -> None:
    thing = make(index, group, "one")
    assert names(index, f"thingGroupNames:{group}") == set(), "the registry lags too"
    cloud.turn_clock(LONG)
    assert names(index, f"thingGroupNames:{group}") == {thing}
    write(data, thing, {"release": "7"})
    assert names(index, f"thingName:{thing} AND shadow.name.mlops.reported.release:7") == set()
    cloud.turn_clock(LONG)
    (found,) = index.search_index(queryString=f"thingName:{thing}")["things"]
    assert found["thingGroupNames"] == [group]
    shadow = json.loads(found["shadow"])["name"]["mlops"]
    assert (shadow["reported"], shadow["version"], shadow["hasDelta"]) == ({"release": "7"}, 1, False)

    cloud.faults.lag_index(600, account=ACCOUNT)
    write(data, thing, {"release": "8"})
    write(data, thing, {"release": "not of this index"}, name="another")
    cloud.turn_clock(300)
    (found,) = index.search_index(queryString=f"thingName:{thing}")["things"]
    assert json.loads(found["shadow"])["name"] == {"mlops": shadow}
    cloud.turn_clock(300)
    assert names(index, 'shadow.name.mlops.reported.release:"8"') >= {thing}
    (found,) = index.search_index(queryString=f"thingName:{thing}")["things"]
    assert set(json.loads(found["shadow"])["name"]) == {"mlops"}, "no other shadow is indexed"
    data.delete_thing_shadow(thingName=thing, shadowName="mlops")
    index.delete_thing(thingName=thing)
    assert names(index, f"thingName:{thing}") == {thing}
    cloud.turn_clock(600)
    assert names(index, f"thingName:{thing}") == set()


def test_the_query_language(cloud: Cloud, index: Any, data: Any, group: str) -> None:
    one, two, three = (make(index, group, name, line=f"line {name}") for name in ("one", "two", "three"))
    stats = {"free": 75, "tags": ["a", "b"]}
    write(data, one, {"release": "1795544309", "state": "SERVING", "stats": stats, "on": True})
    write(data, two, {"release": "1795544310", "state": "DEGRADED", "stats": {"free": 100.5}})
    cloud.turn_clock(LONG)
    reported = "shadow.name.mlops.reported"
    wanted: dict[str, set[str]] = {
        "": {one, two, three},
        f"{reported}.release:1795544309": {one},
        f'{reported}.release:"1795544309"': {one},
        f"{reported}.release:179554430": set(),
        f"{reported}.release:17955443*": {one, two},
        f"{reported}.release:179554431?": {two},
        f"{reported}.release:*": {one, two},
        f"NOT {reported}.release:*": {three},
        f"-{reported}.state:serving": {two, three},
        f"{reported}.state:(Serving OR degraded)": {one, two},
        f"{reported}.state:SERVING OR {reported}.state:DEGRADED AND {reported}.on:true": {one},
        f"({reported}.state:SERVING OR {reported}.state:DEGRADED) NOT {reported}.on:true": {two},
        f"{reported}.stats.free:75.0": {one},
        f"{reported}.stats.free:[75 TO 100]": {one},
        f"{reported}.stats.free:{{75 TO 101]": {two},
        f"{reported}.stats.free>75": {two},
        f"{reported}.stats.free >= 75": {one, two},
        f"{reported}.stats.tags:b": {one},
        f'{reported}.release:["1795544309" TO "1795544309"]': {one},
        'attributes.line:"line one"': {one},
        "attributes.line:line": {one, two, three},
        "attributes.line:lin": set(),
        f"thingName:({group}-o* {group}-one)": {one},
        f"{group}-three": {three},
        "shadow.name.mlops.hasDelta:false": {one, two},
        "shadow.name.mlops.metadata.reported.state.timestamp>1": {one, two},
        "shadow.name.other.reported.release:*": set(),
        f"thingName:{group.replace('-', chr(92) + '-')}-one": {one},
    }
    found = {query: names(index, f"thingGroupNames:{group} {query}") for query in wanted}
    assert found == wanted


@pytest.mark.parametrize(
    "query",
    [
        "thingName:",
        "thingName:(a",
        "thingName:a)",
        "a AND",
        "AND a",
        "a@b",
        "color:red",
        "shadow.name.mlops.version:1",
        "thingName:*a thingGroupNames:*b",
        f"thingName:*{'a' * 100}",
        " OR ".join(f"thingName:t{number}" for number in range(13)),
        "attributes.a<b",
        'attributes.a:[1 TO "b"]',
        '""',
        "-",
    ],
)
def test_an_invalid_query_is_refused(index: Any, query: str) -> None:
    assert refused(index, query) == "InvalidQueryException"


def test_pages_of_at_most_a_hundred(cloud: Cloud, index: Any, group: str) -> None:
    things = {make(index, group, f"{number}") for number in range(7)}
    cloud.turn_clock(LONG)
    query = f"thingGroupNames:{group}"
    assert refused(index, query, maxResults=101) == "InvalidRequestException"
    assert refused(index, query, nextToken="mine") == "InvalidRequestException"
    assert refused(index, query, indexName="AWS_ThingGroups") == "ResourceNotFoundException"
    seen: list[str] = []
    sizes: list[int] = []
    more: dict[str, Any] = {}
    while True:
        page = index.search_index(queryString=query, maxResults=3, **more)
        sizes.append(len(page["things"]))
        seen += [each["thingName"] for each in page["things"]]
        if not page.get("nextToken"):
            break
        more = {"nextToken": page["nextToken"]}
    assert (sizes, len(seen), set(seen)) == ([3, 3, 1], 7, things)
