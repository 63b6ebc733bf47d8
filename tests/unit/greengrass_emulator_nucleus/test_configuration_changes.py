"""How a deployment changes a configuration, and in which single steps."""

from typing import Any

import pytest
from greengrass_emulator.json_value import key_path, value_at
from greengrass_emulator.nucleus.configuration.changes import (
    Removed,
    Written,
    differences,
    merged,
    put,
    resolved,
    without,
)
from greengrass_emulator.nucleus.recipes.reading import texts_of
from hypothesis import given
from hypothesis import strategies as st

KEYS = st.text("ab/~", min_size=1, max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("xy", max_size=2) | st.lists(st.integers(0, 2), max_size=2),
    lambda below: st.dictionaries(KEYS, below, max_size=3),
    max_leaves=8,
)
CONFIGURATIONS = st.dictionaries(KEYS, VALUES, max_size=4)


def _played(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    running = merged({}, old)
    for change in differences(old, new):
        if isinstance(change, Written):
            put(running, change.path, change.value)
        else:
            running = without(running, change.path)
    return running


@given(CONFIGURATIONS, CONFIGURATIONS)
def test_the_single_changes_lead_from_one_configuration_to_the_next(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert _played(old, new) == new


@given(CONFIGURATIONS)
def test_nothing_changes_where_nothing_differs(configuration: dict[str, Any]) -> None:
    assert list(differences(configuration, merged({}, configuration))) == []


@given(CONFIGURATIONS, CONFIGURATIONS)
def test_a_default_replaces_no_value(running: dict[str, Any], defaults: dict[str, Any]) -> None:
    result = resolved(running, (), defaults, {})
    assert merged(result, running) == result


def test_the_order_is_reset_then_defaults_then_merge() -> None:
    running = {"a": {"x": 1, "y": 1}, "gone": 1}
    result = resolved(running, ("/a", "/gone", "/absent/key"), {"a": {"x": 0, "z": 0}, "gone": 0}, {"a": {"z": 5}})
    assert result == {"a": {"x": 0, "z": 5}, "gone": 0}
    assert running == {"a": {"x": 1, "y": 1}, "gone": 1}


def test_what_is_written_comes_before_what_is_removed() -> None:
    changes = list(differences({"old": 1, "both": {"o": 1}}, {"both": {"n": 2}, "new": 3}))
    assert changes == [Written(("both", "n"), 2), Removed(("both", "o")), Written(("new",), 3), Removed(("old",))]


def test_a_pointer_is_read_as_rfc_6901_says() -> None:
    assert key_path("/a~1b/~0c/") == ("a/b", "~c", "")
    assert key_path("") == ()
    with pytest.raises(KeyError):
        value_at({"a": [1]}, ("a", "0"))


def test_lite_makes_texts_of_yaml_numbers() -> None:
    assert texts_of({"n": 5, "f": 0.5, "yes": True, "list": [1, {"x": False}], "t": "t", "no": None}) == {
        "n": "5",
        "f": "0.5",
        "yes": "true",
        "list": ["1", {"x": "false"}],
        "t": "t",
        "no": None,
    }
