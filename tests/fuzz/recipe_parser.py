"""The recipe parser: any text is a component or RecipeInvalid, in both runtimes' manners, quickly."""

import json
from contextlib import suppress
from typing import Any

import yaml
from greengrass_emulator.nucleus.errors import RecipeInvalid
from greengrass_emulator.nucleus.recipes.component import Component
from greengrass_emulator.nucleus.recipes.platform import Platform
from greengrass_emulator.nucleus.recipes.reading import read_recipe
from greengrass_emulator.nucleus.runtimes import RUNTIMES
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.frame_decoder import ROUND

_HERE = Platform("linux", "amd64")
_KEYS = [
    *("ComponentName", "ComponentVersion", "ComponentConfiguration", "DefaultConfiguration", "ComponentDependencies"),
    *("VersionRequirement", "DependencyType", "Manifests", "Platform", "os", "architecture", "runtime", "Lifecycle"),
    *("Selections", "Artifacts", "Uri", "Unarchive", "Permission", "Read", "Execute", "Digest", "install", "startup"),
    *("run", "bootstrap", "Script", "Timeout", "Setenv", "Skipif", "RequiresPrivilege", "all", "linux"),
]
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(["linux", "*", "/lin.*/", "/[/", "HARD", "ZIP", "ALL", "s3://b/k.zip", "^1.0.0", "exit 0"]),
)
_keys = st.one_of(st.sampled_from(_KEYS), st.sampled_from(_KEYS).map(str.lower), st.text(max_size=8))
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4), max_leaves=20
)
_sections = {"ComponentConfiguration", "ComponentDependencies", "Manifests", "Lifecycle"}


def _read(text: str) -> None:
    for runtime in RUNTIMES.values():
        with suppress(RecipeInvalid):
            component = read_recipe(text, "fuzzed", runtime, _HERE)
            assert isinstance(component, Component)
            assert component.name


@ROUND
@given(st.text(max_size=400))
def any_text_is_read_or_refused(text: str) -> None:
    """No structure at all: most of it is refused as no document."""
    _read(text)


@ROUND
@given(st.data())
def any_recipe_is_read_or_refused(data: st.DataObject) -> None:
    """A recipe's frame with anything inside, as JSON and as YAML."""
    manifest: Any = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "Platform": st.one_of(values, st.just({"os": "linux", "runtime": "*"})),
                "Lifecycle": values,
                "Artifacts": st.one_of(values, st.lists(values, max_size=2)),
                "Selections": values,
            },
        )
    )
    recipe = {
        "ComponentName": data.draw(st.one_of(st.just("com.example.a"), leaves)),
        "ComponentVersion": data.draw(st.one_of(st.just("1.0.0"), leaves)),
        "Manifests": data.draw(st.one_of(st.just([manifest]), values)),
        **{name: data.draw(values) for name in data.draw(st.sets(st.sampled_from(sorted(_sections)), max_size=3))},
    }
    _read(json.dumps(recipe))
    _read(yaml.safe_dump(recipe))
