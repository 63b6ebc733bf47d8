"""The fleet configuration: the document that a job or a shadow delivers to a device.

Source: the nucleus's ``Configuration`` model and the documents that devices log.
Unlike the API's ``configurationUpdate.merge``, a string, its ``merge`` is an object.
"""

import json

from greengrass_emulator.cloud.control_plane.deployment_store import Deployment
from greengrass_emulator.cloud.control_plane.requests import DeployedComponent
from greengrass_emulator.json_value import JsonObject


def configuration_arn(region: str, account_id: str, deployment: Deployment) -> str:
    """``arn:aws:greengrass:REGION:ACCOUNT:configuration:thinggroup/NAME:REVISION``."""
    target = f"{deployment.target_kind}/{deployment.target_name}"
    return f"arn:aws:greengrass:{region}:{account_id}:configuration:{target}:{deployment.revision}"


def fleet_configuration(region: str, account_id: str, deployment: Deployment) -> JsonObject:
    """Return the document for the devices of a deployment's target."""
    policies = deployment.policies
    update, validation = policies.component_update_policy, policies.configuration_validation_policy
    document: JsonObject = {
        "deploymentId": deployment.deployment_id,
        "deploymentName": deployment.name,
        "configurationArn": configuration_arn(region, account_id, deployment),
        "targetArn": deployment.target_arn,
        "parentTargetArn": deployment.parent_target_arn,
        "creationTimestamp": int(deployment.created.timestamp() * 1000),
        "components": {name: _component(spec) for name, spec in deployment.components.items()},
        "failureHandlingPolicy": policies.failure_handling_policy,
        "componentUpdatePolicy": {"action": update.action, "timeout": update.timeout_in_seconds},
        "configurationValidationPolicy": {"timeout": validation.timeout_in_seconds},
    }
    return {key: value for key, value in document.items() if value is not None}


def _component(component: DeployedComponent) -> JsonObject:
    written: JsonObject = {"version": component.component_version}
    if (update := component.configuration_update) is not None:
        changes: JsonObject = {}
        if update.merge is not None:
            changes["merge"] = json.loads(update.merge)
        if update.reset is not None:
            changes["reset"] = list(update.reset)
        written["configurationUpdate"] = changes
    if component.run_with is not None:
        written["runWith"] = component.run_with.model_dump(mode="json", by_alias=True, exclude_none=True)
    return written
