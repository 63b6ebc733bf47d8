"""The API's operations on deployments, and the delivery of deployments to devices."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

from greengrass_emulator.cloud.accounts import Caller
from greengrass_emulator.cloud.api_errors import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from greengrass_emulator.cloud.control_plane import requests
from greengrass_emulator.cloud.control_plane.deployment_document import configuration_arn, fleet_configuration
from greengrass_emulator.cloud.control_plane.deployment_rules import (
    check_components,
    check_job_configuration,
)
from greengrass_emulator.cloud.control_plane.deployment_store import ACTIVE, CANCELED, INACTIVE, Deployment
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.control_plane.request_tokens import page
from greengrass_emulator.cloud.device_messages.job_rules import read_job_rules
from greengrass_emulator.cloud.device_messages.jobs import Job
from greengrass_emulator.cloud.device_messages.shadows import shadow_prefix
from greengrass_emulator.json_value import JsonObject

SHADOW = "AWSManagedGreengrassV2Deployment"
"""The named shadow that delivers a deployment to a single thing."""


def create_deployment(plane: AccountPlane, _: Caller, request: requests.CreateDeployment) -> Mapping[str, object]:
    """Create a target's new revision. It replaces all components; earlier revisions become ``INACTIVE``."""
    if (answered := plane.tokens.answer("CreateDeployment", request.client_token)) is not None:
        return answered
    target = request.target_arn
    _check_target(plane, target)
    check_components(request.components)
    check_job_configuration(request.iot_job_configuration)
    for name, component in request.components.items():
        _check_component(plane, name, component.component_version)
    history = plane.deployments.of_target(target)
    deployment_id = str(uuid4())
    to_group = ":thinggroup/" in target
    job_id = str(uuid4()) if to_group else None
    deployment = Deployment(
        deployment_id=deployment_id,
        target_arn=target,
        revision=plane.deployments.next_revision(target),
        created=datetime.now(UTC),
        components=request.components,
        policies=request.deployment_policies,
        order=plane.deployments.next_order(),
        name=request.deployment_name,
        job_id=job_id,
        job_arn=f"{plane.things.arn_prefix()}job/{job_id}" if job_id else None,
        job_configuration=request.iot_job_configuration,
        parent_target_arn=request.parent_target_arn,
        tags=request.tags,
    )
    plane.deployments.put(deployment)
    for former in history:
        if former.status == ACTIVE:
            _end(plane, former, INACTIVE)
    _send(plane, deployment)
    answer = {"deploymentId": deployment_id, "iotJobId": job_id, "iotJobArn": deployment.job_arn}
    plane.tokens.keep("CreateDeployment", request.client_token, answer)
    return answer


def get_deployment(plane: AccountPlane, _: Caller, request: requests.OfDeployment) -> Mapping[str, object]:
    """Return a whole deployment."""
    found = find_deployment(plane, request.deployment_id)
    return {
        **_listed(plane, found),
        "iotJobId": found.job_id,
        "iotJobArn": found.job_arn,
        "components": {name: component.as_answer() for name, component in found.components.items()},
        "deploymentPolicies": found.policies.as_answer(),
        "iotJobConfiguration": found.job_configuration.as_answer() if found.job_configuration else None,
        "tags": dict(found.tags) or None,
    }


def list_deployments(plane: AccountPlane, _: Caller, request: requests.ListDeployments) -> Mapping[str, object]:
    """Return deployments, the newest first; unless ``historyFilter`` says ``ALL``, only the latest of each target."""
    found = [
        d
        for d in plane.deployments.newest_first()
        if request.target_arn in {None, d.target_arn}
        and request.parent_target_arn in {None, d.parent_target_arn}
        and (request.history_filter == "ALL" or _is_latest(plane, d))
    ]
    some, token = page(found, request.max_results, request.next_token)
    return {"deployments": [_listed(plane, d) for d in some], "nextToken": token}


def cancel_deployment(plane: AccountPlane, _: Caller, request: requests.OfDeployment) -> Mapping[str, object]:
    """Cancel a deployment on the devices that have not started it."""
    found = find_deployment(plane, request.deployment_id)
    if found.status != ACTIVE:
        raise ConflictException(
            f"Deployment {found.deployment_id} is {found.status}; only an ACTIVE one can be cancelled",
            resource_id=found.deployment_id,
            resource_type="DEPLOYMENT",
        )
    _end(plane, found, CANCELED)
    if found.target_kind == "thing":
        _send_to_thing(plane, found, "CANCELED")
    return {"message": "SUCCESS"}


def delete_deployment(plane: AccountPlane, _: Caller, request: requests.OfDeployment) -> Mapping[str, object]:
    """Delete a deployment that is not ACTIVE, and its job. Devices that run it go on (AWS, DeleteDeployment)."""
    found = find_deployment(plane, request.deployment_id)
    if found.status == ACTIVE:
        raise ConflictException(
            f"Deployment {found.deployment_id} is ACTIVE; cancel it before it is deleted",
            resource_id=found.deployment_id,
            resource_type="DEPLOYMENT",
        )
    plane.deployments.remove(found.deployment_id)
    return {}


def find_deployment(plane: AccountPlane, deployment_id: str) -> Deployment:
    """Return the deployment of an id. Raises ``ResourceNotFoundException``."""
    found = plane.deployments.find(deployment_id)
    if found is None:
        raise ResourceNotFoundException(
            f"Deployment {deployment_id} does not exist", resource_id=deployment_id, resource_type="DEPLOYMENT"
        )
    return found


def follow_members(plane: AccountPlane) -> None:
    """Deliver each group's active deployment to things that joined the group, and cancel it for those that left."""
    for deployment in plane.deployments.newest_first():
        if deployment.status == ACTIVE and deployment.job_id:
            plane.send(plane.jobs.follow(deployment.job_id, plane.things.members(deployment.target_arn)))


def advance_jobs(plane: AccountPlane) -> None:
    """Do what is due by the clock: rollouts, time-outs, and the aborts that follow."""
    plane.send(plane.jobs.advance())
    cancel_aborted(plane)


def cancel_aborted(plane: AccountPlane) -> None:
    """Set the deployments to ``CANCELED`` whose jobs have met their abort criteria."""
    aborted = set(plane.jobs.take_aborted())
    for deployment in plane.deployments.newest_first() if aborted else ():
        if deployment.job_id in aborted:
            plane.deployments.set_status(deployment.deployment_id, CANCELED)


def _check_target(plane: AccountPlane, target: str) -> None:
    kind, _, name = target.split(":", 5)[5].partition("/")
    ours = target.startswith(plane.things.arn_prefix())
    exists = plane.things.group_exists(target) if kind == "thinggroup" else plane.things.exists(name)
    if not ours or not exists:
        raise ResourceNotFoundException(
            f"The target {target} does not exist in account {plane.account.id}",
            resource_id=target,
            resource_type="THING_GROUP" if kind == "thinggroup" else "THING",
        )


def _check_component(plane: AccountPlane, name: str, version: str) -> None:
    # The API reference has ResourceNotFoundException ("The requested resource can't be found") among CreateDeployment's
    # errors and says nothing of a version that is not deployable, which cannot be served: taken as a wrong parameter.
    found = plane.components.find(name, version) or plane.public.find(name, version)
    if found is None:
        raise ResourceNotFoundException(
            f"Component [{name} : {version}] for account [{plane.account.id}] does not exist",
            resource_id=f"{name}:{version}",
            resource_type="COMPONENT",
        )
    if found.state != "DEPLOYABLE":
        raise ValidationException(f"Component [{name} : {version}] is {found.state}, not DEPLOYABLE")


def _end(plane: AccountPlane, deployment: Deployment, status: str) -> None:
    plane.deployments.set_status(deployment.deployment_id, status)
    if deployment.job_id:
        plane.send(plane.jobs.close(deployment.job_id))


def _send(plane: AccountPlane, deployment: Deployment) -> None:
    if deployment.job_id is None:
        _send_to_thing(plane, deployment, "SUCCEEDED")
        return
    document = fleet_configuration(plane.account.region, plane.account.id, deployment)
    description = deployment.name or f"Deployment for {deployment.target_name}"
    configuration = deployment.job_configuration
    plane.mirror.create(deployment.job_id, deployment.target_arn, json.dumps(document), description, configuration)
    rules = read_job_rules(configuration)
    job = Job(deployment.job_id, deployment.target_arn, document, deployment.order, rules)
    plane.send(plane.jobs.create(job, plane.things.members(deployment.target_arn)))


def _send_to_thing(plane: AccountPlane, deployment: Deployment, desired_status: str) -> None:
    # The nucleus reads `fleetConfig` as a string, and what it should come to as `desiredStatus`
    # (nucleus, deployment/ShadowDeploymentListener.java).
    document = fleet_configuration(plane.account.region, plane.account.id, deployment)
    desired = {"fleetConfig": json.dumps(document), "desiredStatus": desired_status}
    payload = json.dumps({"state": {"desired": desired}}).encode()
    update = plane.shadows.update(deployment.target_name, SHADOW, payload, from_service=True)
    topic = f"{shadow_prefix(deployment.target_name, SHADOW)}/update/accepted"
    plane.publish(topic, json.dumps(update.answer).encode())
    plane.send(update.publications)


def take_thing_report(plane: AccountPlane, thing: str, reported: JsonObject) -> None:
    """Take a thing's report in the deployment shadow: its deployment ends ``COMPLETED`` or ``FAILED``."""
    target = f"{plane.things.arn_prefix()}thing/{thing}"
    latest = plane.deployments.latest_of(target)
    if latest is None or latest.status != ACTIVE:
        return
    if reported.get("arnForStatus") != configuration_arn(plane.account.region, plane.account.id, latest):
        return
    ended = {"SUCCEEDED": "COMPLETED", "FAILED": "FAILED", "REJECTED": "FAILED"}.get(str(reported.get("status")))
    if ended:
        plane.deployments.set_status(latest.deployment_id, ended)


def _is_latest(plane: AccountPlane, deployment: Deployment) -> bool:
    latest = plane.deployments.latest_of(deployment.target_arn)
    return latest is not None and latest.deployment_id == deployment.deployment_id


def _listed(plane: AccountPlane, deployment: Deployment) -> dict[str, object]:
    return {
        "targetArn": deployment.target_arn,
        "revisionId": str(deployment.revision),
        "deploymentId": deployment.deployment_id,
        "deploymentName": deployment.name,
        "creationTimestamp": deployment.created,
        "deploymentStatus": deployment.status,
        "isLatestForTarget": _is_latest(plane, deployment),
        "parentTargetArn": deployment.parent_target_arn,
    }
