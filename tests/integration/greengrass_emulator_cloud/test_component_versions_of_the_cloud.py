"""Component versions, as a publisher meets them through boto3."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from greengrass_emulator.cloud.cloud import Cloud

Settle = Callable[[Any, str], dict[str, Any]]
Recipe = Callable[..., bytes]


def test_a_version_turns_deployable_with_the_digest_of_its_artifact(
    cloud: Cloud, greengrass: Any, recipe: Recipe, bucket: str, unique: str, wait_until_settled: Settle
) -> None:
    cloud.client("s3", account="preprod").put_object(Bucket=bucket, Key="a/model.zip", Body=b"bytes")
    uri = f"s3://{bucket}/a/model.zip"
    made = greengrass.create_component_version(inlineRecipe=recipe(unique, uris=(uri,)), tags={"team": "vision"})
    assert made["status"]["componentState"] == "REQUESTED"
    assert wait_until_settled(greengrass, made["arn"])["componentState"] == "DEPLOYABLE"
    got = greengrass.get_component(arn=made["arn"])
    artifact = json.loads(got["recipe"])["Manifests"][0]["Artifacts"][0]
    assert artifact["Digest"] == base64.b64encode(hashlib.sha256(b"bytes").digest()).decode()
    assert artifact["Algorithm"] == "SHA-256"
    assert got["tags"] == {"team": "vision"}


def test_a_version_fails_with_the_reason_by_artifact(
    greengrass: Any, recipe: Recipe, bucket: str, unique: str, wait_until_settled: Settle
) -> None:
    uris = (f"s3://{bucket}/absent.zip", "s3://no-such-bucket-anywhere/x.zip", "ftp://example.com/x")
    made = greengrass.create_component_version(inlineRecipe=recipe(unique, uris=uris))
    status = wait_until_settled(greengrass, made["arn"])
    assert status["componentState"] == "FAILED"
    assert set(status["errors"]) == set(uris)
    assert status["errors"][uris[0]] == "Specified artifact resource cannot be accessed"
    assert uris[0] in status["message"]


def test_a_version_is_immutable(greengrass: Any, recipe: Recipe, unique: str, deployable: Callable[..., str]) -> None:
    arn = deployable(unique)
    with pytest.raises(greengrass.exceptions.ConflictException) as refused:
        greengrass.create_component_version(inlineRecipe=recipe(unique, ComponentDescription="another"))
    assert refused.value.response["resourceId"] == arn
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_the_same_client_token_gets_the_same_answer(greengrass: Any, recipe: Recipe, unique: str) -> None:
    first = greengrass.create_component_version(inlineRecipe=recipe(unique), clientToken=unique)
    again = greengrass.create_component_version(inlineRecipe=recipe(unique), clientToken=unique)
    assert again["creationTimestamp"] == first["creationTimestamp"]


def test_a_failed_version_is_deleted_and_made_again(
    cloud: Cloud, greengrass: Any, recipe: Recipe, bucket: str, unique: str, wait_until_settled: Settle
) -> None:
    uri = f"s3://{bucket}/late.zip"
    made = greengrass.create_component_version(inlineRecipe=recipe(unique, uris=(uri,)))
    assert wait_until_settled(greengrass, made["arn"])["componentState"] == "FAILED"
    cloud.client("s3", account="preprod").put_object(Bucket=bucket, Key="late.zip", Body=b"here")
    greengrass.delete_component(arn=made["arn"])
    with pytest.raises(greengrass.exceptions.ResourceNotFoundException):
        greengrass.describe_component(arn=made["arn"])
    made = greengrass.create_component_version(inlineRecipe=recipe(unique, uris=(uri,)))
    assert wait_until_settled(greengrass, made["arn"])["componentState"] == "DEPLOYABLE"


def test_versions_are_listed_highest_first_through_every_page(
    greengrass: Any, unique: str, deployable: Callable[..., str]
) -> None:
    for version in ("1.9.0", "1.10.0", "0.1.0"):
        arn = deployable(unique, version)
    pages = greengrass.get_paginator("list_component_versions").paginate(
        arn=arn.partition(":versions:")[0], PaginationConfig={"PageSize": 2}
    )
    assert [v["componentVersion"] for page in pages for v in page["componentVersions"]] == ["1.10.0", "1.9.0", "0.1.0"]


def test_own_components_and_public_ones_are_listed_apart(
    greengrass: Any, unique: str, deployable: Callable[..., str]
) -> None:
    deployable(unique)
    pages = greengrass.get_paginator("list_components").paginate()
    own = {c["componentName"]: c["latestVersion"]["componentVersion"] for page in pages for c in page["components"]}
    assert own[unique] == "1.0.0"
    public = {c["componentName"] for c in greengrass.list_components(scope="PUBLIC")["components"]}
    assert public == {"aws.greengrass.Nucleus", "aws.greengrass.Cli"}


def test_another_account_does_not_see_a_component(cloud: Cloud, unique: str, deployable: Callable[..., str]) -> None:
    arn = deployable(unique)
    other = cloud.client("greengrassv2", account="prod")
    with pytest.raises(other.exceptions.ResourceNotFoundException):
        other.describe_component(arn=arn)


def test_tags_of_a_version_are_added_listed_and_taken_away(
    greengrass: Any, unique: str, deployable: Callable[..., str]
) -> None:
    arn = deployable(unique)
    greengrass.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    greengrass.untag_resource(resourceArn=arn, tagKeys=["a", "never-there"])
    assert greengrass.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}


def test_a_recipe_in_yaml_with_the_older_spelling_is_taken(
    cloud: Cloud, greengrass: Any, bucket: str, unique: str, wait_until_settled: Settle
) -> None:
    cloud.client("s3", account="preprod").put_object(Bucket=bucket, Key="x.zip", Body=b"x")
    text = (
        f"RecipeFormatVersion: 2020-01-25\nComponentName: {unique}\nComponentVersion: 1.0.0\n"
        f"Manifests:\n- Platform: {{os: linux}}\n  Artifacts:\n  - URI: s3://{bucket}/x.zip\n"
    )
    made = greengrass.create_component_version(inlineRecipe=text.encode())
    assert wait_until_settled(greengrass, made["arn"])["componentState"] == "DEPLOYABLE"
    recipe = json.loads(greengrass.get_component(arn=made["arn"])["recipe"])
    assert recipe["RecipeFormatVersion"] == "2020-01-25"
    assert recipe["Manifests"][0]["Artifacts"][0]["Digest"]


@pytest.mark.parametrize(
    ("change", "message_part"),
    [
        ({"ComponentVersion": "1.0"}, "ComponentVersion must be a semantic version"),
        ({"ComponentName": "has space"}, "ComponentName must have"),
        ({"Manifests": []}, "Manifests must be a list"),
        ({"RecipeFormatVersion": "2019-01-01"}, "RecipeFormatVersion must be"),
        ({"ComponentDependencies": {"x": {"VersionRequirement": "banana"}}}, "is not an npm range"),
        ({"ComponentDescription": "x" * 16_000}, "at most 16000 are allowed"),
    ],
)
def test_an_invalid_recipe_is_refused(
    greengrass: Any, recipe: Recipe, unique: str, change: dict[str, Any], message_part: str
) -> None:
    with pytest.raises(greengrass.exceptions.ValidationException, match=message_part):
        greengrass.create_component_version(inlineRecipe=recipe(unique, **change))


@pytest.mark.parametrize(
    ("operation", "arguments", "field"),
    [
        ("describe_component", {"arn": "arn:aws:greengrass:eu-west-1:222222222222:components:x"}, "arn"),
        ("list_component_versions", {"arn": "no-arn"}, "arn"),
        ("list_components", {"scope": "SECRET"}, "scope"),
        ("list_components", {"maxResults": 101}, "maxResults"),
        ("create_component_version", {"inlineRecipe": b"{}", "clientToken": "with space"}, "clientToken"),
    ],
)
def test_a_request_is_checked_against_the_service_model(
    greengrass: Any, operation: str, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(greengrass.exceptions.ValidationException) as refused:
        getattr(greengrass, operation)(**arguments)
    assert refused.value.response["reason"] == "FIELD_VALIDATION_FAILED"
    assert [fault["name"] for fault in refused.value.response["fields"]] == [field]


def test_an_invalid_page_token_is_refused(greengrass: Any) -> None:
    with pytest.raises(greengrass.exceptions.ValidationException, match="nextToken"):
        greengrass.list_components(nextToken="bm90IG9uZQ==")


def test_an_operation_that_is_not_emulated_says_so(greengrass: Any) -> None:
    with pytest.raises(ClientError, match="UnsupportedOperationException") as refused:
        greengrass.get_service_role_for_account()
    assert "GetServiceRoleForAccount is not emulated" in str(refused.value)
