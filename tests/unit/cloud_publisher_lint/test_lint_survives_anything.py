"""The linter judges whatever stands in a recipe's place: it finds faults, and never breaks on one."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloud_publisher.linting.checks import CHECKS
from cloud_publisher.linting.reading import read_recipe
from cloud_publisher.linting.recipe_text import RecipeText
from cloud_publisher.linting.settings import Runtime, Settings

_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_RECIPE: dict[str, Any] = {
    "RecipeFormatVersion": "2020-01-25",
    "ComponentName": "com.example.app",
    "ComponentVersion": "1.0.0",
    "ComponentType": "aws.greengrass.generic",
    "ComponentConfiguration": {
        "DefaultConfiguration": {
            "accessControl": {"aws.greengrass.ipc.pubsub": {"a": {"operations": ["*"], "resources": ["a"]}}}
        }
    },
    "ComponentDependencies": {"com.example.base": {"VersionRequirement": "^1.0.0", "DependencyType": "HARD"}},
    "Manifests": [
        {
            "Platform": {"os": "linux", "runtime": "aws_nucleus_lite"},
            "Selections": ["all"],
            "Lifecycle": {"Setenv": {"A": "{configuration:/a}"}, "run": {"Script": "true", "Timeout": 3, "Skipif": ""}},
            "Artifacts": [{"Uri": "s3://a/b/c.zip", "Unarchive": "ZIP", "Permission": {"Read": "ALL"}}],
        }
    ],
    "Lifecycle": {"all": {"install": {"Script": "true"}}},
}


def _places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for key, each in inner for place in _places(each, (*way, key)))]


@given(place=st.sampled_from(_places(_RECIPE)[1:]), value=_ANYTHING, runtime=st.sampled_from([None, *Runtime]))
def test_any_value_at_any_place_is_judged(place: tuple[Any, ...], value: Any, runtime: Runtime | None) -> None:
    recipe = json.loads(json.dumps(_RECIPE))
    parent = recipe
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    read = read_recipe(json.dumps(recipe), file="recipe.json")
    if not isinstance(read, RecipeText):
        assert read  # such as a key that YAML takes for another's
        return
    told = Settings(runtime, "bucket", {read.name: read} if read.name else {})
    findings = [finding for check in CHECKS for finding in check(read, told)]
    assert all(finding.place.line >= 1 and finding.problem and finding.remedy for finding in findings)
    assert all(isinstance(finding.as_json()["path"], str) for finding in findings)
