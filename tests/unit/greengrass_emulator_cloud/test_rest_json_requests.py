"""Requests and answers of a REST-JSON service, by botocore's model of greengrassv2."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from greengrass_emulator.cloud.api_errors import ConflictException, ValidationException
from greengrass_emulator.cloud.rest_json.reading import read_request
from greengrass_emulator.cloud.rest_json.writing import write_answer, write_error
from greengrass_emulator.service_models import find_route, service_model

VERSION_ARN = "arn:aws:greengrass:eu-west-1:111111111111:components:com.x:versions:1.0.0"
GROUP_ARN = "arn:aws:iot:eu-west-1:111111111111:thinggroup/line"


def read(operation: str, body: object = None, *, labels: Any = None, query: Any = None) -> dict[str, Any]:
    model = service_model("greengrassv2").operation_model(operation)
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return read_request(model, labels or {}, query or {}, raw)


def faults(operation: str, body: object) -> dict[str, str]:
    with pytest.raises(ValidationException) as refused:
        read(operation, body)
    found = refused.value.body()["fields"]
    assert isinstance(found, list)
    return {fault["name"]: fault["message"] for fault in found}


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/greengrass/v2/createComponentVersion", "CreateComponentVersion"),
        ("GET", f"/greengrass/v2/components/{VERSION_ARN.replace(':', '%3A')}", "GetComponent"),
        ("GET", f"/greengrass/v2/components/{VERSION_ARN}/metadata", "DescribeComponent"),
        ("DELETE", f"/greengrass/v2/components/{VERSION_ARN}", "DeleteComponent"),
        ("GET", "/tags/arn%3Aaws%3Agreengrass%3Aeu-west-1%3A1%3Adeployments%3Aa%2Fb", "ListTagsForResource"),
    ],
)
def test_a_path_means_an_operation(method: str, path: str, operation: str) -> None:
    route = find_route("greengrassv2", method, path)
    assert route is not None
    assert route.operation.name == operation


def test_labels_are_decoded() -> None:
    route = find_route("greengrassv2", "GET", f"/greengrass/v2/components/{VERSION_ARN.replace(':', '%3A')}")
    assert route is not None
    assert route.labels == {"arn": VERSION_ARN}


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/tags/x"), ("GET", "/greengrass/v3/components")])
def test_a_path_that_no_operation_has_means_none(method: str, path: str) -> None:
    assert find_route("greengrassv2", method, path) is None


def test_a_blob_is_decoded_and_unknown_members_are_passed_over() -> None:
    body = {"inlineRecipe": base64.b64encode(b"text").decode(), "surprise": 1}
    assert read("CreateComponentVersion", body) == {"inlineRecipe": b"text"}


def test_a_query_is_read_by_type() -> None:
    read_list = read("ListComponents", query={"maxResults": ["7"], "scope": ["PUBLIC"]})
    assert read_list == {"maxResults": 7, "scope": "PUBLIC"}
    labels = {"resourceArn": "arn:aws:greengrass:eu-west-1:111111111111:deployments:x"}
    keys = read("UntagResource", labels=labels, query={"tagKeys": ["a", "b"]})["tagKeys"]
    assert keys == ["a", "b"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[1]"])
def test_a_body_that_is_no_json_object_cannot_be_parsed(body: bytes) -> None:
    with pytest.raises(ValidationException) as refused:
        read("CreateDeployment", body)
    assert refused.value.members["reason"] == "CANNOT_PARSE"


def test_every_fault_is_named_at_once() -> None:
    component = {"configurationUpdate": {"merge": ""}}
    body = {
        "targetArn": GROUP_ARN,
        "components": {"com.x": component},
        "deploymentPolicies": {"failureHandlingPolicy": "PANIC", "componentUpdatePolicy": {"timeoutInSeconds": "1"}},
        "clientToken": "x" * 65,
    }
    found = faults("CreateDeployment", body)
    assert set(found) == {
        "components.com.x.componentVersion",
        "components.com.x.configurationUpdate.merge",
        "deploymentPolicies.failureHandlingPolicy",
        "deploymentPolicies.componentUpdatePolicy.timeoutInSeconds",
        "clientToken",
    }
    assert "is required" in found["components.com.x.componentVersion"]
    assert "ROLLBACK" in found["deploymentPolicies.failureHandlingPolicy"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "targetArn"),
        ({"targetArn": "arn:aws:s3:::x"}, "targetArn"),
        ({"targetArn": 5}, "targetArn"),
        ({"targetArn": GROUP_ARN, "components": []}, "components"),
        ({"targetArn": GROUP_ARN, "components": {"x": "1.0.0"}}, "components.x"),
        ({"targetArn": GROUP_ARN, "tags": {}}, "tags"),
        ({"targetArn": GROUP_ARN, "deploymentName": ""}, "deploymentName"),
    ],
)
def test_a_request_that_the_model_forbids_is_refused(body: object, field: str) -> None:
    assert field in faults("CreateDeployment", body)


def test_a_blob_that_is_no_base64_is_refused() -> None:
    assert faults("CreateComponentVersion", {"inlineRecipe": "not base64!"}) == {"inlineRecipe": "must be base64"}


def test_an_answer_has_the_models_members_only() -> None:
    operation = service_model("greengrassv2").operation_model("CreateComponentVersion")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    answer = write_answer(operation, {"arn": VERSION_ARN, "creationTimestamp": moment, "secret": 1, "status": {}})
    assert answer.status == 201
    body = json.loads(answer.body)
    assert body == {"arn": VERSION_ARN, "creationTimestamp": moment.timestamp(), "status": {}}


def test_an_error_is_named_in_the_header() -> None:
    answer = write_error(ConflictException("there already", resource_id="x", resource_type="COMPONENT"))
    assert answer.status == 409
    assert dict(answer.headers)["x-amzn-ErrorType"] == "ConflictException"
    body = json.loads(answer.body)
    assert body == {"message": "there already", "resourceId": "x", "resourceType": "COMPONENT"}
