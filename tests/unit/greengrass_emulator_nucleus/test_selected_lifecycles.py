"""What a manifest selects of a global lifecycle: as both real nuclei answered (R38 to R41), else by their sources."""

import json
from typing import Any

import pytest
from greengrass_emulator.nucleus.errors import RecipeInvalid
from greengrass_emulator.nucleus.recipes.platform import Platform
from greengrass_emulator.nucleus.recipes.reading import read_recipe
from greengrass_emulator.nucleus.runtimes import RUNTIMES

HEAD = {"ComponentName": "com.example.A", "ComponentVersion": "1.0.0"}
REFUSED = None


def _runs(runtime: str, lifecycle: dict[str, Any], *selections: list[str]) -> str | None:
    manifests = [
        {"Platform": {"os": "linux", "runtime": "*"}, "Artifacts": [], **({"Selections": each} if each else {})}
        for each in (selections or ([],))
    ]
    text = json.dumps({**HEAD, "Manifests": manifests, "Lifecycle": lifecycle})
    try:
        steps = read_recipe(text, "r", RUNTIMES[runtime], Platform("linux", "amd64")).lifecycle.steps
    except RecipeInvalid:
        return REFUSED
    return steps["run"].script if "run" in steps else ""


@pytest.mark.parametrize(
    ("lifecycle", "selections", "classic", "lite"),
    [
        ({"linux": {"run": "x"}}, ["linux"], "x", "x"),
        ({"all": {"run": "x"}}, ["all"], "x", "x"),
        ({"key1": {"run": "x"}}, ["key1"], "x", REFUSED),
        ({"run": "x"}, [], "x", REFUSED),
        ({"all": {"run": "x"}}, [], "x", "x"),
        ({"linux": {"run": "x"}}, [], "", REFUSED),
        ({"own": {"run": "o"}, "linux": {"run": "l"}}, ["own", "linux"], "o", "l"),
        ({"all": {"run": "a"}, "linux": {"run": "l"}}, ["all", "linux"], "a", "l"),
        ({"all": {"run": "a"}, "own": {"run": "o"}}, ["other"], "a", REFUSED),
        ({"run": {"own": "o", "all": "a"}}, ["own"], "o", REFUSED),
    ],
)
def test_each_nucleus_selects_as_its_source_says(
    lifecycle: dict[str, Any], selections: list[str], classic: str | None, lite: str | None
) -> None:
    assert _runs("lite", lifecycle, selections) == lite
    assert _runs("classic", lifecycle, selections) == classic


def test_lite_goes_on_to_the_next_manifest_where_one_has_no_lifecycle() -> None:
    assert _runs("lite", {"linux": {"run": "x"}}, ["own"], ["linux"]) == "x"
