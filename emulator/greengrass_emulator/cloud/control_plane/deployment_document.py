"""The fleet configuration: the document that a job or a shadow delivers to a device.

Source: the nucleus's ``Configuration`` model and the documents that devices log.
Unlike the API's ``configurationUpdate.merge``, a string, its ``merge`` is an object.
"""

import json
from collections.abc import Mapping
from typing import Any

from greengrass_emulator.cloud.control_plane.deployment_store import Deployment


def configuration_arn(region: str, account_id: str, deployment: Deployment) -> str:
    """``arn:aws:greengrass:REGION:ACCOUNT:configuration:thinggroup/NAME:REVISION``."""
    target = f"{deployment.target_kind}/{deployment.target_name}"
    return f"arn:aws:greengrass:{region}:{account_id}:configuration:{target}:{deployment.revision}"


def fleet_configuration(region: str, account_id: str, deployment: Deployment) -> dict[str, Any]:
    """Return the document for the devices of a deployment's target."""
    update, validation = (
        deployment.policies["componentUpdatePolicy"],
        deployment.policies["configurationValidationPolicy"],
    )
    document = {
        "deploymentId": deployment.deployment_id,
        "deploymentName": deployment.name,
        "configurationArn": configuration_arn(region, account_id, deployment),
        "targetArn": deployment.target_arn,
        "parentTargetArn": deployment.parent_target_arn,
        "creationTimestamp": int(deployment.created.timestamp() * 1000),
        "components": {name: _component(spec) for name, spec in deployment.components.items()},
        "failureHandlingPolicy": deployment.policies["failureHandlingPolicy"],
        "componentUpdatePolicy": {"action": update["action"], "timeout": update["timeoutInSeconds"]},
        "configurationValidationPolicy": {"timeout": validation["timeoutInSeconds"]},
    }
    return {key: value for key, value in document.items() if value is not None}


def _component(spec: Mapping[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {"version": spec["componentVersion"]}
    update = spec.get("configurationUpdate")
    if update is not None:
        written["configurationUpdate"] = {
            key: json.loads(value) if key == "merge" else value for key, value in update.items()
        }
    if spec.get("runWith") is not None:
        written["runWith"] = spec["runWith"]
    return written
