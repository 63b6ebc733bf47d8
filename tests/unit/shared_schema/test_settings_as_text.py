"""The agent's settings are written as text, and read as the same values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from shared_schema.settings import AgentSettings, FolderSource, JsonLinesSink, LocalTopicSink

_NAME = some.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)
_SOURCE = some.fixed_dictionaries(
    {"type": some.just("folder")},
    optional={
        "path": some.text(min_size=1, max_size=10),
        "model": some.from_regex(r"[a-zA-Z0-9_-]{1,8}", fullmatch=True),
        "after": some.sampled_from(["delete", "move"]),
        "queue": some.integers(1, 10_000),
        "drop": some.sampled_from(["block", "latest"]),
    },
)
_SINK = some.one_of(
    some.fixed_dictionaries(
        {"type": some.just("json-lines")},
        optional={"max-bytes": some.integers(10_000, 10**12), "keep": some.integers(1, 100)},
    ),
    some.fixed_dictionaries(
        {"type": some.just("local-topic")}, optional={"topic": some.from_regex(r"[a-z/]{1,20}", fullmatch=True)}
    ),
)
_SETTINGS = some.fixed_dictionaries(
    {},
    optional={
        "health": some.fixed_dictionaries({}, optional={"interval": some.floats(1, 86_400)}),
        "artifact": some.fixed_dictionaries({}, optional={"deadline": some.floats(1, 86_400)}),
        "shutdown": some.fixed_dictionaries({}, optional={"grace": some.floats(0, 4)}),
        "sources": some.dictionaries(_NAME, _SOURCE, max_size=3),
        "sinks": some.dictionaries(_NAME, _SINK, max_size=3),
    },
)


def every_leaf(value: Any) -> list[Any]:
    return [leaf for inner in value.values() for leaf in every_leaf(inner)] if isinstance(value, dict) else [value]


@given(_SETTINGS)
def test_settings_as_text_are_all_text_and_read_back_as_the_same_settings(given_settings: dict[str, Any]) -> None:
    settings = AgentSettings.model_validate(given_settings)
    text = settings.as_text()
    assert all(isinstance(leaf, str) for leaf in every_leaf(text))
    assert AgentSettings.model_validate(text) == settings


def test_only_what_was_given_travels() -> None:
    assert AgentSettings().as_text() == {}
    assert AgentSettings.model_validate({"health": {"interval": 30}}).as_text() == {"health": {"interval": "30.0"}}


def test_without_settings_a_folder_goes_in_and_lines_and_a_topic_come_out() -> None:
    settings = AgentSettings()
    assert settings.sources == {"images": FolderSource()}
    assert settings.sinks == {"file": JsonLinesSink(), "topic": LocalTopicSink()}


@pytest.mark.parametrize(
    "wrong",
    [
        {"health": {"interval": "soon"}},
        {"health": {"interval": "0"}},
        {"sources": {"Camera 1": {}}},
        {"sources": {"camera": {"type": "gopher"}}},
        {"sinks": {"line": {"type": "local-topic", "topic": "a/#"}}},
        {"sinks": {"line": {"topic": "a"}}},
        {"unknown": {}},
        {"shutdown": {"grace": "5"}},
        {"busy": {"topic": "line/+"}},
        {"busy": {"topic": "line"}, "sources": {"camera": {"type": "topic", "topic": "line"}}},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AgentSettings.model_validate(wrong)
