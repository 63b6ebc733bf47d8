"""Recipes: every spelling is read, and one is written."""

import json
from collections.abc import Callable

from pydantic import BaseModel

from shared_schema.diagnostics import Diagnostic, dotted
from shared_schema.documents import read_text_document
from shared_schema.recipe import Recipe

FaultsIn = Callable[[str, type[BaseModel]], list[Diagnostic]]

SEEDS_SPELLING = """\
ComponentName: com.example.app
ComponentVersion: 1.0.0
Manifests:
- Platform: {os: linux}
  Lifecycle:
    SetEnv: {MODEL: x}
    Install: pip install x
    Run:
      RequiresPrivilege: "true"
      Timeout: "30"
      Script: python3 app.py
  Artifacts:
  - URI: s3://bucket/app.zip
    Unarchive: ZIP
"""


def recipe(text: str) -> Recipe:
    return read_text_document(text, Recipe, file="recipe.yml").value


def test_the_seeds_spelling_is_read_and_the_canonical_one_written() -> None:
    (manifest,) = recipe(SEEDS_SPELLING).canonical()["Manifests"]
    assert manifest["Lifecycle"] == {
        "Setenv": {"MODEL": "x"},
        "install": "pip install x",
        "run": {"RequiresPrivilege": True, "Timeout": "30", "Script": "python3 app.py"},
    }
    assert manifest["Artifacts"] == [{"Uri": "s3://bucket/app.zip", "Unarchive": "ZIP"}]


def test_what_is_written_reads_as_the_same_recipe() -> None:
    first = recipe(SEEDS_SPELLING)
    again = recipe(first.text())
    assert again == first
    assert again.text() == first.text()


def test_equal_recipes_have_equal_text_in_whatever_order_they_were_written() -> None:
    lines = SEEDS_SPELLING.splitlines()
    turned = "\n".join([lines[1], lines[0], *lines[2:]])
    assert recipe(turned).text() == recipe(SEEDS_SPELLING).text()


def test_every_manifest_has_a_list_of_artifacts_since_lite_wants_one() -> None:
    written = recipe("ComponentName: a\nComponentVersion: 1.0.0\nManifests: [{Lifecycle: {run: exit 0}}]\n").canonical()
    assert written["Manifests"] == [{"Lifecycle": {"run": "exit 0"}, "Artifacts": []}]


def test_a_default_configuration_keeps_its_types() -> None:
    text = json.dumps(
        {
            "ComponentName": "a",
            "ComponentVersion": "1.0.0",
            "ComponentConfiguration": {"DefaultConfiguration": {"n": 1, "yes": True, "deep": {"list": [1.5, None]}}},
            "Manifests": [{}],
        }
    )
    written = json.loads(recipe(text).text())
    assert written["ComponentConfiguration"]["DefaultConfiguration"] == {
        "n": 1,
        "yes": True,
        "deep": {"list": [1.5, None]},
    }


def test_two_spellings_of_one_step_are_a_fault(faults_in: FaultsIn) -> None:
    (fault,) = faults_in(
        "ComponentName: a\nComponentVersion: 1.0.0\nManifests: [{Lifecycle: {run: x, Run: y}}]\n", Recipe
    )
    assert "Run" in dotted(fault.place.path)


def test_a_recipe_needs_a_manifest_and_a_version_of_three_numbers(faults_in: FaultsIn) -> None:
    faults = faults_in("ComponentName: a\nComponentVersion: '1.0'\nManifests: []\n", Recipe)
    assert [dotted(fault.place.path) for fault in faults] == ["ComponentVersion", "Manifests"]
    assert "write major.minor.patch" in faults[0].remedy
