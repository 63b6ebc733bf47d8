"""``deployment.json``: the API's shapes, and the limits that botocore does not check."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from pydantic import BaseModel

from shared_schema.deployment import DeploymentTemplate
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents import read_document, read_text_document

FaultsIn = Callable[[str, type[BaseModel]], list[Diagnostic]]
REPOSITORY = Path(__file__).parents[3]

EVERYTHING: dict[str, Any] = {
    "targetArn": "arn:aws:iot:eu-west-1:111111111111:thinggroup/fleet",
    "deploymentName": "everything",
    "components": {
        "aws.greengrass.Cli": {
            "componentVersion": "2.12.0",
            "configurationUpdate": {"merge": '{"a": 1}', "reset": ["/b"]},
            "runWith": {"posixUser": "ggc_user", "systemResourceLimits": {"memory": 1024, "cpus": 0.5}},
        }
    },
    "iotJobConfiguration": {
        "jobExecutionsRolloutConfig": {
            "exponentialRate": {
                "baseRatePerMinute": 5,
                "incrementFactor": 2.0,
                "rateIncreaseCriteria": {"numberOfSucceededThings": 10},
            },
            "maximumPerMinute": 100,
        },
        "abortConfig": {
            "criteriaList": [
                {
                    "failureType": "FAILED",
                    "action": "CANCEL",
                    "thresholdPercentage": 10.0,
                    "minNumberOfExecutedThings": 5,
                }
            ]
        },
        "timeoutConfig": {"inProgressTimeoutInMinutes": 60},
    },
    "deploymentPolicies": {
        "failureHandlingPolicy": "ROLLBACK",
        "componentUpdatePolicy": {"timeoutInSeconds": 60, "action": "NOTIFY_COMPONENTS"},
        "configurationValidationPolicy": {"timeoutInSeconds": 60},
    },
    "tags": {"team": "vision"},
}


def changed(path: str, value: Any) -> str:
    """Return the text of the whole template with one value changed."""
    document = json.loads(json.dumps(EVERYTHING))
    *parents, last = path.split(".")
    place = document
    for step in parents:
        place = place[step] if not isinstance(place, list) else place[int(step)]
    place[last] = value
    return json.dumps(document)


def test_the_repositorys_own_template_is_right() -> None:
    template = read_document(REPOSITORY / "deployment.json", DeploymentTemplate).value
    assert template.deployment_policies is not None
    assert template.deployment_policies.failure_handling_policy == "ROLLBACK"


def test_everything_that_the_api_takes_is_read_and_written_in_its_shape() -> None:
    template = read_text_document(json.dumps(EVERYTHING), DeploymentTemplate, file="d.json").value
    written = template.model_dump(by_alias=True, exclude_none=True)
    assert written == EVERYTHING
    shape = botocore.session.get_session().get_service_model("greengrassv2").operation_model("CreateDeployment")
    assert shape.input_shape is not None
    report = ParamValidator().validate(written, shape.input_shape)
    assert not report.has_errors(), report.generate_report()


def test_a_merge_may_be_written_as_the_object_that_it_is() -> None:
    document = {"components": {"a": {"configurationUpdate": {"merge": {"b": [1, 2]}}}}}
    template = read_text_document(json.dumps(document), DeploymentTemplate, file="d.json").value
    update = template.components["a"].configuration_update
    assert update is not None
    assert update.merge is not None
    assert json.loads(update.merge) == {"b": [1, 2]}


ROLLOUT = "iotJobConfiguration.jobExecutionsRolloutConfig"


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("deploymentPolicies.failureHandlingPolicy", "ROLBACK", "did you mean 'ROLLBACK'?"),
        (f"{ROLLOUT}.maximumPerMinute", 1001, "1000"),
        (f"{ROLLOUT}.exponentialRate.incrementFactor", 5.5, "5"),
        (f"{ROLLOUT}.exponentialRate.rateIncreaseCriteria",
         {"numberOfNotifiedThings": 1, "numberOfSucceededThings": 1}, "exactly one of"),
        (f"{ROLLOUT}.exponentialRate.rateIncreaseCriteria", {}, "exactly one of"),
        ("iotJobConfiguration.abortConfig.criteriaList.0.thresholdPercentage", 101, "100"),
        ("iotJobConfiguration.abortConfig.criteriaList", [], "at least 1"),
        ("iotJobConfiguration.timeoutConfig.inProgressTimeoutInMinutes", 10_081, "10080"),
        ("tags", {f"t{n}": "x" for n in range(41)}, "at most 40"),
        ("components", {"two words": {}}, "no component name"),
        ("components", {"a": {"configurationUpdate": {"merge": "{"}}}, "no JSON text"),
        ("components", {"a": {"configurationUpdate": {"merge": "[1]"}}}, "an object"),
        ("components", {"a": {"configurationUpdate": {"reset": ["b"]}}}, "pattern"),
        ("components", {"a": {"ComponentVersion": "1.0.0"}}, "did you mean 'componentVersion'?"),
        ("deploymentName", "", "at least 1"),
    ],
)  # fmt: skip
def test_what_the_api_or_a_job_would_refuse_later_is_a_fault_now(
    faults_in: FaultsIn, path: str, value: Any, told: str
) -> None:
    (fault,) = faults_in(changed(path, value), DeploymentTemplate)
    assert told in str(fault)
