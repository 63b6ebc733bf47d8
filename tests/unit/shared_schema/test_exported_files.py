"""The JSON Schemas and reference pages are current, and say the same as the models."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from shared_schema.desired_state import DesiredState

REPOSITORY = Path(__file__).parents[3]
SCHEMAS = REPOSITORY / "shared_schema" / "json_schemas"


def export(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shared_schema.export", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return document


def test_the_committed_files_are_current() -> None:
    done = export("--check")
    assert done.returncode == 0, done.stderr


def test_a_file_that_is_not_current_is_named_with_the_remedy_and_then_written(tmp_path: Path) -> None:
    checked = export("--check", "--into", str(tmp_path))
    assert checked.returncode == 1
    assert "shared_schema/json_schemas/config.json is not current: run `make schemas`" in checked.stderr
    assert not list(tmp_path.iterdir())
    assert export("--into", str(tmp_path)).returncode == 0
    assert export("--check", "--into", str(tmp_path)).returncode == 0
    written = tmp_path / "shared_schema" / "json_schemas" / "config.json"
    assert written.read_bytes() == (SCHEMAS / "config.json").read_bytes()


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_every_schema_is_a_valid_one(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("config", "greengrass-config.yml"),
        ("config", "tests/unit/shared_schema/seed-example.yml"),
        ("deployment", "deployment.json"),
        ("model-manifest", "model_components/digits/model.yaml"),
    ],
)
def test_an_editor_finds_no_fault_in_our_own_documents(name: str, document: str) -> None:
    jsonschema.validate(yaml.safe_load((REPOSITORY / document).read_text()), schema(name))


@pytest.mark.parametrize(
    "wrong",
    [
        {"build": {"build_sistem": "zip"}},
        {"component-name": "two words"},
        {"Artifacts": [{"Unarchive": "ZIP"}]},
        {"region": "Ireland"},
        {"agent": {"settings": {"health": {"interval": 0}}}},
    ],
)
def test_an_editor_finds_the_faults_that_we_find(wrong: dict[str, Any]) -> None:
    component = {"component-name": "a", "root": "r"}
    jsonschema.validate({"custom-components": {"a": component}}, schema("config"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"custom-components": {"a": {**component, **wrong}}}, schema("config"))


def test_an_editor_takes_every_spelling_of_a_key_and_a_merge_in_either_form() -> None:
    for artifact in ({"URI": "s3://b/a"}, {"Uri": "s3://b/a"}):
        for lifecycle in ({"Run": "x", "SetEnv": {"A": "b"}}, {"run": "x", "Setenv": {"A": "b"}}):
            keys = {"component-name": "a", "root": "r", "Artifacts": [artifact], "Lifecycle": lifecycle}
            jsonschema.validate({"custom-components": {"a": keys}}, schema("config"))
    for merge in ('{"a": 1}', {"a": 1}):
        jsonschema.validate({"components": {"a": {"configurationUpdate": {"merge": merge}}}}, schema("deployment"))


def test_a_sealed_desired_state_is_what_its_schema_says() -> None:
    document = DesiredState(release="1795544309").sealed()
    jsonschema.validate(document, schema("desired-state"))
    del document["seal"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema("desired-state"))


def test_the_reference_page_has_every_key_of_the_config() -> None:
    page = (REPOSITORY / "docs" / "config-reference.md").read_text()
    for definition in [schema("config"), *schema("config")["$defs"].values()]:
        for key in definition.get("properties", {}):
            assert f"`{key}`" in page
