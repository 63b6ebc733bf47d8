"""The reasons that `plan` gives, from two listings of what a component is made from."""

from typing import Any

import pytest

from cloud_publisher.deploying.plan.build_reasons import build_reasons
from cloud_publisher.deploying.plan.differences import changed_leaves

BEFORE: dict[str, Any] = {
    "recipe": {
        "ComponentName": "com.example.app",
        "ComponentDependencies": {"com.example.base": {"VersionRequirement": "1.0.0", "DependencyType": "HARD"}},
    },
    "build": "custom",
    "command": ["make"],
    "root": {"files": {"a.py": "1", "b.py": "2"}, "executable": ["a.py"], "links": {}},
    "model": {"checksum": "one", "version": None},
}


def after(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """``BEFORE`` with another value at a place; None takes it out."""
    if len(path) == 1:
        return {key: each for key, each in {**BEFORE, path[0]: value}.items() if each is not None}
    document = {**BEFORE}
    inner = document
    for step in path[:-1]:
        inner[step] = {**inner[step]}
        inner = inner[step]
    inner[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("root", "files"), {"a.py": "1", "b.py": "9"}, "file b.py changed"),
        (("root", "files"), {"a.py": "1"}, "file b.py is gone"),
        (("root", "files"), {"a.py": "1", "b.py": "2", "c.py": "3"}, "new file c.py"),
        (("root", "executable"), [], "file a.py is no longer executable"),
        (("root", "links"), {"c": "b.py"}, "link c changed"),
        (("command",), ["make", "all"], 'build command: ["make"] → ["make", "all"]'),
        (("model",), {"checksum": "two", "version": None}, "the model data changed"),
        (
            ("recipe", "ComponentDependencies"),
            {"com.example.base": {"VersionRequirement": "1.1.0", "DependencyType": "HARD"}},
            'dependency com.example.base: "1.0.0" → "1.1.0"',
        ),
        (("recipe", "ComponentName"), "com.example.b", 'recipe /ComponentName: "com.example.app" → "com.example.b"'),
    ],
)
def test_each_change_is_named(path: tuple[str, ...], value: Any, words: str) -> None:
    assert build_reasons(BEFORE, after(path, value), "1.0.0") == [words]


def test_of_many_changes_the_first_are_shown_and_the_rest_counted() -> None:
    files = {f"f{number:02}.py": "1" for number in range(30)}
    found = build_reasons(BEFORE, after(("root", "files"), {**BEFORE["root"]["files"], **files}), "1.0.0")
    assert found[0] == "new file f00.py"
    assert found[-1] == "and 20 more"


def test_a_difference_that_no_part_shows_is_named_as_such() -> None:
    assert build_reasons(BEFORE, BEFORE, "1.0.0") == ["its content differs from 1.0.0's"]


def test_leaves_are_named_by_json_pointers() -> None:
    found = changed_leaves({"a": {"b/c": 1, "d": [1]}}, {"a": {"b/c": 2, "d": [1]}, "e": {}})
    assert [(each.pointer, each.before, each.after) for each in found] == [("/a/b~1c", "1", "2")]
