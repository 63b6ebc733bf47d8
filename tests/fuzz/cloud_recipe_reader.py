"""The cloud's recipe reader: any bytes are a recipe or ValidationException, quickly, and what is read survives."""

import json
from contextlib import suppress
from typing import Any

import yaml
from greengrass_emulator.cloud.api_errors import ValidationException
from greengrass_emulator.cloud.control_plane.recipe_reading import read_recipe, recipe_as, with_digests
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.frame_decoder import ROUND
from tests.fuzz.recipe_parser import leaves, values

_sections = st.sampled_from(["ComponentConfiguration", "ComponentDependencies", "Lifecycle", "ComponentPublisher"])


def _read(blob: bytes) -> None:
    with suppress(ValidationException):
        recipe = read_recipe(blob)
        # What was taken once is taken again, in both formats, and with what the cloud adds.
        assert read_recipe(recipe_as(recipe, "JSON")) == recipe
        recipe_as(recipe, "YAML").decode()
        digested = with_digests(recipe, dict.fromkeys(recipe.artifact_uris, "digest"))
        assert digested.artifact_uris == recipe.artifact_uris


@ROUND
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(lambda text: text.encode(errors="replace"))))
def any_blob_is_read_or_refused(blob: bytes) -> None:
    """No structure at all: most of it is refused as no document."""
    _read(blob)


@ROUND
@given(st.data())
def any_recipe_is_read_or_refused_by_the_cloud(data: st.DataObject) -> None:
    """A recipe's frame with anything inside, as JSON and as YAML."""
    artifact = st.fixed_dictionaries({}, optional={"Uri": leaves, "Unarchive": leaves, "Digest": leaves})
    manifest = st.fixed_dictionaries(
        {},
        optional={
            "Name": leaves,
            "Platform": st.one_of(values, st.just({"os": "linux", "runtime": "*"})),
            "Artifacts": st.one_of(st.lists(artifact, max_size=2), values),
            "Lifecycle": values,
        },
    )
    recipe: dict[str, Any] = {
        "RecipeFormatVersion": data.draw(st.one_of(st.just("2020-01-25"), leaves)),
        "ComponentName": data.draw(st.one_of(st.just("com.example.a"), leaves)),
        "ComponentVersion": data.draw(st.one_of(st.just("1.0.0"), leaves)),
        "Manifests": data.draw(st.one_of(st.lists(manifest, max_size=2), values)),
        **{name: data.draw(values) for name in data.draw(st.sets(_sections, max_size=3))},
    }
    _read(json.dumps(recipe).encode())
    _read(yaml.safe_dump(recipe).encode())
