"""Recipes that once brought a reader down: `make fuzz` found them. Each is refused in its reader's own words."""

import json
from typing import Any

import pytest
from greengrass_emulator.cloud.api_errors import ValidationException
from greengrass_emulator.cloud.control_plane.recipe_reading import read_recipe as read_in_the_cloud
from greengrass_emulator.nucleus.errors import RecipeInvalid
from greengrass_emulator.nucleus.recipes.platform import Platform
from greengrass_emulator.nucleus.recipes.reading import read_recipe as read_on_the_device
from greengrass_emulator.nucleus.runtimes import RUNTIMES

HEAD = {"RecipeFormatVersion": "2020-01-25", "ComponentName": "com.example.A", "ComponentVersion": "1.0.0"}
PLATFORM = {"os": "linux", "runtime": "*"}


def recipe(manifest: Any, **more: Any) -> str:
    whole = {"Platform": PLATFORM, "Lifecycle": {"run": "x"}, "Artifacts": []} | manifest
    return json.dumps(HEAD | {"Manifests": [whole]} | more)


@pytest.mark.parametrize("runtime", ["classic", "lite"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (recipe({"Platform": {"os": [], "runtime": "*"}}), "must be a text"),
        (recipe({"Platform": {"os": "/(/", "runtime": "*"}}), "regular expression"),
        (recipe({"Lifecycle": {}, "Selections": 5}), "Selections is not a list"),
        (recipe({"Lifecycle": {"run": "x", "Setenv": [1]}}), "Setenv is not an object"),
        (recipe({"Lifecycle": {"run": {"Script": "x", "Timeout": float("nan")}}}), "give seconds"),
        (recipe({}, ComponentDependencies=["com.example.B"]), "ComponentDependencies is not an object"),
        ("ComponentVersion: 2024-99-99", "neither JSON nor YAML"),
        ("[" * 5000, "neither JSON nor YAML"),
        ("1" * 5000, "neither JSON nor YAML"),
    ],
)
def test_a_device_refuses_a_broken_recipe(text: str, said: str, runtime: str) -> None:
    with pytest.raises(RecipeInvalid, match=said):
        read_on_the_device(text, "r", RUNTIMES[runtime], Platform("linux", "amd64"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (recipe({"Platform": [1]}), "Platform must be an object"),
        (recipe({"Artifacts": "s3://b/k"}), "Artifacts must be a list"),
        (recipe({}, ComponentPublisher=["x"]), "ComponentPublisher must be a text"),
        (recipe({}, ComponentDescription="\ud800"), "JSON does not have"),
        (
            recipe({}, ComponentConfiguration={"DefaultConfiguration": {"a": float("inf")}}),
            "JSON does not have",
        ),
        ("a: !!binary aGVsbG8=\nb: 1" + "1" * 5000, "neither JSON nor YAML"),
        ("[" * 5000, "neither JSON nor YAML"),
    ],
)
def test_the_cloud_refuses_a_broken_recipe(text: str, said: str) -> None:
    with pytest.raises(ValidationException, match=said):
        read_in_the_cloud(text.encode())
