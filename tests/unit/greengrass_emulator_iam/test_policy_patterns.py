"""Wildcards and variables, checked against a second, simpler way to match."""

import pytest
from greengrass_emulator.iam.patterns import arn_matches, resource_matches, text_equals, text_matches
from hypothesis import given
from hypothesis import strategies as st

ALPHABET = "ab*?:/"
TEXT = st.text("ab:/", max_size=12)


def plainly_matches(pattern: str, value: str) -> bool:
    """Matching by the table of prefixes: slow, and without regular expressions."""
    reached = {0}
    for character in pattern:
        if character == "*":
            reached = {end for start in reached for end in range(start, len(value) + 1)}
        else:
            reached = {at + 1 for at in reached if at < len(value) and character in {"?", value[at]}}
    return len(value) in reached


@given(st.text(ALPHABET, max_size=10), TEXT)
def test_wildcards_match_as_a_plain_matcher_does(pattern: str, value: str) -> None:
    assert text_matches(pattern, value) == plainly_matches(pattern, value)


@given(TEXT, TEXT)
def test_a_variables_value_is_never_a_wildcard(before: str, after: str) -> None:
    context = {"aws:username": ("*",)}
    assert text_matches(before + "${aws:username}" + after, before + "*" + after, context)
    assert not text_matches(before + "${aws:username}" + after, before + "x" + after, context)


@given(st.lists(st.text("ab/-", max_size=5), min_size=5, max_size=5), st.text("ab:/*", max_size=8))
def test_a_resource_covers_itself_and_everything_below_it(parts: list[str], rest: str) -> None:
    arn = ":".join([*parts, rest.replace("*", "a")])
    assert resource_matches(arn, arn, {})
    assert resource_matches(":".join([*parts, "*"]), arn, {})
    assert resource_matches("*", arn, {})


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        ("arn:aws:s3:::artifacts/*", "arn:aws:s3:::artifacts/a/b", True),
        ("arn:aws:s3:::artifacts/*", "arn:aws:s3:::artifacts", False),
        ("arn:aws:s3:::artifacts*", "arn:aws:s3:::artifacts-of-another/a", True),
        ("arn:aws:iot:*:111111111111:thing/a", "arn:aws:iot:eu-west-1:111111111111:thing/a", True),
        ("arn:aws:iot:eu-*-1:111111111111:thing/a", "arn:aws:iot:eu-west-1:111111111111:thing/a", True),
        ("arn:aws:iot:eu*1:thing/a", "arn:aws:iot:eu-west-1:111111111111:thing/a", False),
        ("arn:aws:iot:*", "arn:aws:iot:eu-west-1:111111111111:thing/a", True),
        (
            "arn:aws:greengrass:*:*:components:com.example.*",
            "arn:aws:greengrass:r:1:components:com.example.a:versions:1",
            True,
        ),
        ("arn:aws:iot:r:1:topicfilter/a/+/b", "arn:aws:iot:r:1:topicfilter/a/x/b", False),
        ("arn:aws:iot:r:1:thing/${iot:Connection.Thing.ThingName}", "arn:aws:iot:r:1:thing/", False),
    ],
)
def test_resources_are_matched_as_arns(pattern: str, arn: str, matches: bool) -> None:
    assert resource_matches(pattern, arn, {}) is matches


def test_arn_conditions_match_each_segment_by_itself() -> None:
    assert arn_matches("arn:aws:*:*:111111111111:*", "arn:aws:iot:r:111111111111:thing/a:b", {})
    assert not arn_matches("arn:aws:*", "arn:aws:iot:r:111111111111:thing/a", {})


def test_a_default_stands_in_for_an_absent_key_and_an_absent_key_matches_nothing() -> None:
    assert text_equals("${aws:PrincipalTag/team, 'none'}", "none", {})
    assert not text_equals("${aws:PrincipalTag/team}", "", {})
    assert text_equals("${*}${?}${$}", "*?$", {})
