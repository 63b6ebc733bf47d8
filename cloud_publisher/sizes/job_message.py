"""A deployment as IoT Jobs sends it to a device: the job's document, and the message around it.

Source of the document: the nucleus's ``Configuration`` model, and what devices log; of the message: "Jobs device MQTT
API" of the IoT developer guide. Values that only the cloud knows (ids, times) have their real length here.
"""

from dataclasses import dataclass
from typing import Final

from cloud_publisher.deploying.deployment import DeployedComponent, DeploymentContent
from cloud_publisher.fleet.targets import Target
from shared_schema.json_value import JsonObject, JsonValue

AN_ID: Final = "0" * 36
_A_TIME: Final = 1_795_544_309
_REVISION: Final = "999"


@dataclass(frozen=True, slots=True)
class JobMessage:
    """``topic`` and ``payload`` as a device gets them; ``document`` is the job's, within the payload."""

    topic: str
    payload: JsonObject
    document: JsonObject

    @property
    def arn(self) -> str:
        """The configuration's ARN."""
        return str(self.document["configurationArn"])

    @property
    def components(self) -> JsonObject:
        """The document's entries of the components."""
        found = self.document["components"]
        return found if isinstance(found, dict) else {}


def configuration_arn(target: Target) -> str:
    """``arn:aws:greengrass:REGION:ACCOUNT:configuration:thinggroup/NAME:REVISION``."""
    place = f"arn:{target.partition}:greengrass:{target.region}:{target.account}"
    return f"{place}:configuration:{target.kind}/{target.name}:{_REVISION}"


def job_message(content: DeploymentContent, target: Target, thing: str) -> JobMessage:
    """Return the longest message that sends a deployment to a thing: the answer when it asks for the next job."""
    update, validation = content.update_policy, content.validation_policy
    optional = {"deploymentName": content.name, "parentTargetArn": content.parent_target_arn}
    document: JsonObject = {
        "deploymentId": AN_ID,
        **{key: value for key, value in optional.items() if value},
        "configurationArn": configuration_arn(target),
        "targetArn": target.arn,
        "creationTimestamp": _A_TIME * 1000,
        "components": {name: _component(each) for name, each in content.components.items()},
        "failureHandlingPolicy": content.failure_policy,
        "componentUpdatePolicy": {"action": update["action"], "timeout": update["timeoutInSeconds"]},
        "configurationValidationPolicy": {"timeout": validation["timeoutInSeconds"]},
    }
    execution: JsonObject = {
        "jobId": AN_ID,
        "thingName": thing,
        "status": "IN_PROGRESS",
        "queuedAt": _A_TIME,
        "lastUpdatedAt": _A_TIME,
        "startedAt": _A_TIME,
        "executionNumber": 1,
        "versionNumber": 2,
        "jobDocument": document,
    }
    payload: JsonObject = {"timestamp": _A_TIME, "clientToken": "jobs-nucleus-lite", "execution": execution}
    return JobMessage(f"$aws/things/{thing}/jobs/{_NEXT}/get/accepted", payload, document)


_NEXT: Final = "$next/namespace-aws-gg-deployment"


def _component(component: DeployedComponent) -> JsonObject:
    written: JsonObject = {"version": component.version}
    if component.configures:
        update: JsonObject = {"merge": _merged(component), "reset": [*component.reset]}
        written["configurationUpdate"] = {key: value for key, value in update.items() if value}
    if component.run_with:
        written["runWith"] = dict(component.run_with)
    return written


def _merged(component: DeployedComponent) -> JsonValue:
    try:
        return dict(component.merged)
    except ValueError:
        # Another team's configuration, which the cloud has accepted: its length as it is.
        return component.merge
