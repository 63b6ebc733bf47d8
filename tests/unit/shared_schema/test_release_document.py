"""``release.json``: all that the commands after `build` know of a release."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from shared_schema.diagnostics import Diagnostic
from shared_schema.documents import read_text_document
from shared_schema.release import Release, desired_component_name

FaultsIn = Callable[[str, type[BaseModel]], list[Diagnostic]]
SHA = "0" * 64


def release(**keys: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "built": "2026-11-24T12:00:00Z",
        "bucket": "dev-artifacts",
        "region": "eu-west-1",
        "application": "app",
        "components": [component("agent", "agent"), component("digits", "model")],
        **keys,
    }


def component(key: str, kind: str, **keys: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": f"com.example.{key}",
        "version": "1.0.0",
        "kind": kind,
        "content-digest": SHA,
        "reused": False,
        "recipe": "{}\n",
        "artifacts": [{"uri": "s3://dev-artifacts/a.zip", "sha256": SHA, "size": 1}],
        **keys,
    }


def test_a_release_survives_its_own_file_byte_for_byte_in_the_recipes() -> None:
    recipe = '{\n  "ComponentName": "é",\n  "x": "\\u2028"\n}\n'
    document = release(components=[component("agent", "agent", recipe=recipe)])
    first = read_text_document(json.dumps(document), Release, file="release.json").value
    again = read_text_document(first.model_dump_json(by_alias=True), Release, file="release.json").value
    assert again == first
    assert again.components[0].recipe == recipe
    assert again.built == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_components_are_found_by_what_they_are() -> None:
    found = read_text_document(json.dumps(release()), Release, file="release.json").value
    assert found.agent is not None
    assert found.agent.key == "agent"
    assert [each.key for each in found.of_kind("model")] == ["digits"]
    assert found.of_kind("application") == []
    assert desired_component_name(found.agent.name) == "com.example.agent.desired"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (release(components=[]), "at least 1"),
        (release(components=[component("a", "model"), component("a", "agent")]), "names com.example.a twice"),
        (release(schema=2), "schema"),
        (release(components=[component("a", "modell")]), "did you mean 'model'?"),
        (release(components=[component("a", "model", **{"content-digest": "A" * 64})]), "content-digest"),
        (release(components=[component("a", "model", artifacts=[{"uri": "http://x", "sha256": SHA, "size": 1}])]),
         "uri"),
        (release(components=[component("a", "model", version="4")]), "write major.minor.patch"),
    ],
)  # fmt: skip
def test_a_release_that_was_edited_wrongly_is_refused(faults_in: FaultsIn, document: dict[str, Any], told: str) -> None:
    (fault,) = faults_in(json.dumps(document), Release)
    assert told in str(fault)
