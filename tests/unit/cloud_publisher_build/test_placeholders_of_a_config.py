"""Placeholders: which are filled in, and which are left over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_publisher.recipes.placeholders import Fills, filled, filled_everywhere, filled_name, left_over

VALUES = {"BUCKET_NAME": "b", "COMPONENT_NAME": "n", "COMPONENT_VERSION": "1.0.0"}


def test_marked_ones_are_filled_in_wherever_they_stand() -> None:
    value = {"$COMPONENT_NAME$:x": ["$BUCKET_NAME$/$COMPONENT_VERSION$", 3, None, {"k": "$OTHER$"}]}
    assert filled_everywhere(value, VALUES) == {"n:x": ["b/1.0.0", 3, None, {"k": "$OTHER$"}]}


@pytest.mark.parametrize(
    "script",
    ["echo $COMPONENT_NAME$SUFFIX", "echo ${COMPONENT_NAME}", 'test "$COMPONENT_VERSION" = 1', "echo $A$(date)$B"],
)
def test_a_shell_s_variables_are_no_placeholders(script: str) -> None:
    assert filled(script, VALUES) == script
    assert list(left_over(script, "marked")) == []


def test_bare_ones_are_filled_in_in_an_artifact_s_name() -> None:
    assert filled_name("COMPONENT_NAME-COMPONENT_VERSION.zip", VALUES) == "n-1.0.0.zip"
    assert filled_name("MY_COMPONENT_NAME.zip", VALUES) == "MY_COMPONENT_NAME.zip"


@pytest.mark.parametrize(
    ("fills", "found"),
    [
        ("both spellings", ["$MODEL$"]),
        ("marked", ["$MODEL$", "BUCKET_NAME"]),
        ("nothing", ["$COMPONENT_NAME$", "$MODEL$", "BUCKET_NAME"]),
    ],
)
def test_what_is_left_over_depends_on_the_place(fills: Fills, found: list[str]) -> None:
    text = "$COMPONENT_NAME$ and $MODEL$ in BUCKET_NAME"
    assert [placeholder for placeholder, _ in left_over(text, fills)] == found


@given(st.text(alphabet="AB_$ {}COMPONENT_NAME1", max_size=60))
def test_filling_in_twice_changes_nothing_more(text: str) -> None:
    once = filled(text, VALUES)
    assert filled(once, VALUES) == once
