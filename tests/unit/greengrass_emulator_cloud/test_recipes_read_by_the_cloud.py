"""What the cloud reads in a recipe, and what it refuses."""

import json

import pytest
import yaml
from greengrass_emulator.cloud.api_errors import ValidationException
from greengrass_emulator.cloud.control_plane.recipe_reading import read_recipe, recipe_as, with_digests

RECIPE = {
    "RecipeFormatVersion": "2020-01-25",
    "ComponentName": "com.example.digits",
    "ComponentVersion": "1.0.0",
    "ComponentPublisher": "team",
    "ComponentConfiguration": {"DefaultConfiguration": {"threads": 2, "on": True, "day": "2020-01-25"}},
    "Manifests": [
        {
            "Name": "linux",
            "Platform": {"os": "linux", "runtime": "aws_nucleus_lite"},
            "Artifacts": [{"Uri": "s3://bucket/a.zip", "Unarchive": "ZIP"}, {"Uri": "docker:image"}],
        },
        {"Platform": {"os": "linux"}, "Artifacts": [{"Uri": "s3://bucket/a.zip"}]},
    ],
}


def test_json_and_yaml_read_alike() -> None:
    as_json = read_recipe(json.dumps(RECIPE).encode())
    as_yaml = read_recipe(yaml.safe_dump(RECIPE).encode())
    assert as_json.document() == as_yaml.document() == RECIPE
    assert as_json.artifact_uris == ("s3://bucket/a.zip", "docker:image")
    assert as_json.platforms[0] == ("linux", (("os", "linux"), ("runtime", "aws_nucleus_lite")))


def test_a_digest_is_written_to_each_artifact_of_the_uri_and_nowhere_else() -> None:
    digested = with_digests(read_recipe(json.dumps(RECIPE).encode()), {"s3://bucket/a.zip": "abc="}).document()
    lite, classic = digested["Manifests"]
    assert lite["Artifacts"][0] == {
        "Uri": "s3://bucket/a.zip",
        "Unarchive": "ZIP",
        "Digest": "abc=",
        "Algorithm": "SHA-256",
    }
    assert lite["Artifacts"][1] == {"Uri": "docker:image"}
    assert classic["Artifacts"][0]["Digest"] == "abc="


@pytest.mark.parametrize("output_format", ["JSON", "YAML"])
def test_a_recipe_is_given_back_in_the_wanted_format(output_format: str) -> None:
    recipe = read_recipe(json.dumps(RECIPE).encode())
    assert yaml.safe_load(recipe_as(recipe, output_format)) == RECIPE


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"{a: [", "neither JSON nor YAML"),
        (b"[]", "not a JSON or YAML object"),
        (b"!!python/object:os.system {}", "neither JSON nor YAML"),
        (b"RecipeFormatVersion: 2020-01-25", "ComponentName"),
    ],
)
def test_a_text_that_is_not_a_recipe_is_refused(blob: bytes, message: str) -> None:
    with pytest.raises(ValidationException, match=message):
        read_recipe(blob)


@pytest.mark.parametrize("artifact", ["s3://bucket/a.zip", {}, {"Uri": "a.zip"}, {"Uri": 5}])
def test_an_artifact_without_a_uri_is_refused(artifact: object) -> None:
    recipe = RECIPE | {"Manifests": [{"Artifacts": [artifact]}]}
    with pytest.raises(ValidationException, match="artifact"):
        read_recipe(json.dumps(recipe).encode())
