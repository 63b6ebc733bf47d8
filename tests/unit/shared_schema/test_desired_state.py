"""The desired state: it is written with a seal, and read whole or not at all."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared_schema.desired_state import (
    DesiredModel,
    DesiredState,
    NotWhole,
    UnknownForm,
    higher_release,
    read_desired_state,
    seal_of,
)
from shared_schema.names import digest_text
from shared_schema.settings import AgentSettings

SHA = digest_text(bytes.fromhex("ab" * 32))


def state(release: int = 1_795_544_309, **settings: Any) -> DesiredState:
    return DesiredState(
        release=str(release),
        models={"digits": DesiredModel(component="com.example.digits", version="4.0.0", digest=SHA)},
        settings=AgentSettings.model_validate(settings).as_text(),
    )


def leaves(document: dict[str, Any], way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from leaves(value, (*way, key))
        else:
            yield (*way, key)


def without(document: dict[str, Any], way: tuple[str, ...]) -> dict[str, Any]:
    torn = copy.deepcopy(document)
    place = torn
    for step in way[:-1]:
        place = place[step]
    del place[way[-1]]
    return torn


def test_what_is_sealed_is_read_back() -> None:
    document = state(health={"interval": 5}).sealed()
    assert read_desired_state(document) == state(health={"interval": 5})


def test_every_leaf_is_text() -> None:
    document = state(health={"interval": 5}, sources={"camera": {"queue": 3}}).sealed()
    for way in leaves(document):
        place: Any = document
        for step in way:
            place = place[step]
        assert isinstance(place, str), way


def test_a_document_that_misses_any_leaf_is_not_whole() -> None:
    document = state(health={"interval": 5}, sinks={"file": {"type": "json-lines", "keep": 2}}).sealed()
    ways = list(leaves(document))
    assert len(ways) >= 7
    for way in ways:
        found = read_desired_state(without(document, way))
        assert isinstance(found, NotWhole), way


def test_a_document_with_leaves_of_two_releases_is_not_whole() -> None:
    old, new = state(1).sealed(), state(2).sealed()
    assert isinstance(read_desired_state({**new, "seal": old["seal"]}), NotWhole)
    assert isinstance(read_desired_state({**old, "release": new["release"]}), NotWhole)


def test_an_empty_branch_may_get_lost_on_the_way() -> None:
    # A configuration store is a tree of leaves.
    document = DesiredState(release="1").sealed()
    assert document["models"] == {}
    lost = {key: value for key, value in document.items() if value != {}}
    assert read_desired_state(lost) == DesiredState(release="1")


@pytest.mark.parametrize("nothing", [None, {}, [], "text", 3, {"seal": 1}, {"release": "1"}])
def test_what_is_no_document_is_not_whole_and_raises_nothing(nothing: object) -> None:
    assert isinstance(read_desired_state(nothing), NotWhole)


def test_a_number_in_place_of_text_is_not_whole_even_if_sealed() -> None:
    document: dict[str, Any] = {"form": "2", "release": "1", "models": {}, "settings": {"health": {"interval": 5}}}
    document["seal"] = seal_of(document)
    found = read_desired_state(document)
    assert isinstance(found, NotWhole)
    assert "no text" in found.reason


@pytest.mark.parametrize(
    ("models", "place"),
    [
        ({"digits": f"com.example.digits:4:{SHA}"}, "models.digits.version"),
        ({"digits": f"com.example.digits:4.0.0:{'ab' * 32}"}, "models.digits.digest"),
        ({"digits": f"com.example.digits:4.0.0:{SHA}:more"}, "component:version:digest"),
        ({"digits": "4.0.0"}, "component:version:digest"),
        ({"digits": {"component": "c", "version": "4.0.0", "digest": SHA}}, "models"),
        ({"runwith": f"c:4.0.0:{SHA}"}, "models.runwith"),
        ({"a": f"c:4.0.0:{SHA}", "A": f"d:4.0.0:{SHA}"}, "A, a differ in case alone"),
    ],
)
def test_a_sealed_document_with_a_wrong_value_says_where(models: dict[str, Any], place: str) -> None:
    document: dict[str, Any] = {"form": "2", "release": "1", "models": models}
    document["seal"] = seal_of(document)
    found = read_desired_state(document)
    assert isinstance(found, NotWhole)
    assert place in found.reason


def test_two_ways_to_write_one_digest_are_one() -> None:
    # The last of the 43 characters has two bits that stand for nothing.
    zero = [DesiredModel(component="c", version="1.0.0", digest="A" * 42 + last) for last in "ABCD"]
    assert len(set(zero)) == 1
    assert DesiredModel(component="c", version="1.0.0", digest="A" * 42 + "E") not in zero


@pytest.mark.parametrize("document", [{"form": "3", "models": [1]}, {"form": "3"}, {}])
def test_a_document_of_another_form_is_whole_and_not_read(document: dict[str, Any]) -> None:
    document = {**document, "release": "7"}
    document["seal"] = seal_of(document)
    assert read_desired_state(document) == UnknownForm(document.get("form", "none"), "7")
    assert isinstance(read_desired_state({**document, "release": "8"}), NotWhole)


def test_fields_that_a_later_publisher_adds_are_sealed_and_ignored() -> None:
    document: dict[str, Any] = {"form": "2", "release": "7", "models": {}, "later": {"field": "x"}}
    document["seal"] = seal_of(document)
    assert read_desired_state(document) == DesiredState(release="7")
    document["later"]["field"] = "y"
    assert isinstance(read_desired_state(document), NotWhole)


_JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(_JSON)
def test_nothing_that_a_configuration_may_hold_makes_reading_raise(document: Any) -> None:
    assert isinstance(read_desired_state(document), NotWhole)


@given(some.dictionaries(some.sampled_from(["form", "release", "models", "settings", "x"]), _JSON))
def test_a_sealed_document_of_any_content_is_read_or_not_whole(document: dict[str, Any]) -> None:
    try:
        sealed = {**document, "seal": seal_of(document)}
    except ValueError:
        return
    assert isinstance(read_desired_state(sealed), DesiredState | UnknownForm | NotWhole)


def test_the_higher_release_of_two_channels_is_applied() -> None:
    low, high, torn = state(1), state(2), NotWhole("torn")
    assert higher_release(low, high) == high
    assert higher_release(high, low) == high
    assert higher_release(torn, low) == low
    assert higher_release(low, torn) == low
    assert higher_release(torn, NotWhole("other")) == torn
    assert higher_release(low, UnknownForm("3", "2")) == UnknownForm("3", "2")
    assert higher_release(UnknownForm("3", "1"), high) == high
    # Numbers are compared as numbers: "10" is after "9".
    assert higher_release(state(9), state(10)).order == 10  # type: ignore[union-attr]
