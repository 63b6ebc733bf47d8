"""The API's operations on core devices: their status, their components, their deployments' results."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from greengrass_emulator.cloud.accounts import Caller
from greengrass_emulator.cloud.api_errors import ResourceNotFoundException, ShadowError
from greengrass_emulator.cloud.control_plane import requests
from greengrass_emulator.cloud.control_plane.core_device_store import CoreDevice, InstalledComponent
from greengrass_emulator.cloud.control_plane.deployment_document import configuration_arn
from greengrass_emulator.cloud.control_plane.deployment_operations import SHADOW
from greengrass_emulator.cloud.control_plane.deployment_store import Deployment
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.control_plane.request_tokens import page
from greengrass_emulator.json_value import JsonValue, object_in


def list_core_devices(plane: AccountPlane, _: Caller, request: requests.ListCoreDevices) -> Mapping[str, object]:
    """Return core devices, by group, status and runtime."""
    group = request.thing_group_arn
    members = plane.things.members(group) if group else ()
    found = [
        device
        for device in plane.devices.all()
        if (group is None or device.thing in members)
        and request.status in {None, device.status}
        and request.runtime in {None, device.runtime}
    ]
    some, token = page(found, request.max_results, request.next_token)
    return {"coreDevices": [_listed(device) for device in some], "nextToken": token}


def get_core_device(plane: AccountPlane, _: Caller, request: requests.OfCoreDevice) -> Mapping[str, object]:
    """Return a core device's last status."""
    device = find_core_device(plane, request.core_device_thing_name)
    return {**_listed(device), "coreVersion": device.version, "tags": dict(device.tags) or None}


def delete_core_device(plane: AccountPlane, _: Caller, request: requests.OfCoreDevice) -> Mapping[str, object]:
    """Remove a device from the list. Its thing stays, and its next status message adds the device again."""
    plane.devices.remove(find_core_device(plane, request.core_device_thing_name).thing)
    return {}


def list_installed_components(
    plane: AccountPlane, _: Caller, request: requests.ListInstalledComponents
) -> Mapping[str, object]:
    """Return the components on a device; unless ``topologyFilter`` says ``ALL``, only the deployments' roots."""
    device = find_core_device(plane, request.core_device_thing_name)
    everything = request.topology_filter == "ALL"
    found = [device.components[name] for name in sorted(device.components)]
    some, token = page([c for c in found if everything or c.is_root], request.max_results, request.next_token)
    return {"installedComponents": [_installed(component) for component in some], "nextToken": token}


def list_effective_deployments(
    plane: AccountPlane, _: Caller, request: requests.ListEffectiveDeployments
) -> Mapping[str, object]:
    """Return the latest deployment of the thing and of each of its groups, and its result on this device."""
    thing = request.core_device_thing_name
    find_core_device(plane, thing)
    targets = [f"{plane.things.arn_prefix()}thing/{thing}", *(g.arn for g in plane.things.groups_of(thing))]
    found = []
    for target in targets:
        for deployment in plane.deployments.of_target(target):
            effective = _of_group(plane, deployment, thing) if deployment.job_id else _of_thing(plane, deployment)
            if effective is not None:
                found.append(effective)
                break
    some, token = page(found, request.max_results, request.next_token)
    return {"effectiveDeployments": list(some), "nextToken": token}


def find_core_device(plane: AccountPlane, thing: str) -> CoreDevice:
    """Return the core device of a thing. Raises ``ResourceNotFoundException`` if it has never sent a status."""
    device = plane.devices.find(thing)
    if device is None:
        raise ResourceNotFoundException(
            f"Core device {thing} does not exist", resource_id=thing, resource_type="CORE_DEVICE"
        )
    return device


def _of_group(plane: AccountPlane, deployment: Deployment, thing: str) -> Mapping[str, object] | None:
    execution = plane.jobs.find(deployment.job_id or "", thing)
    if execution is None:
        return None
    details = execution.details
    return {
        **_about(deployment),
        "iotJobId": deployment.job_id,
        "iotJobArn": deployment.job_arn,
        "coreDeviceExecutionStatus": execution.status,
        "reason": _reason(details.get("detailed-deployment-status"), details.get("deployment-failure-cause")),
        "modifiedTimestamp": datetime.fromtimestamp(execution.updated_at, UTC),
        "statusDetails": _status_details(details.get("deployment-error-stack"), details.get("deployment-error-types")),
    }


def _of_thing(plane: AccountPlane, deployment: Deployment) -> Mapping[str, object] | None:
    try:
        shadow = plane.shadows.get(deployment.target_name, SHADOW)
    except ShadowError:
        return None
    report = object_in(shadow, "state", "reported")
    if report.get("arnForStatus") != configuration_arn(plane.account.region, plane.account.id, deployment):
        report = {}
    status, written = str(report.get("status", "QUEUED")), shadow.get("timestamp")
    details = object_in(report, "statusDetails")
    return {
        **_about(deployment),
        # The service has SUCCEEDED for a job and COMPLETED for a single thing's deployment.
        "coreDeviceExecutionStatus": "COMPLETED" if status == "SUCCEEDED" else status,
        "reason": _reason(details.get("detailedStatus"), details.get("deploymentFailureCause")),
        "modifiedTimestamp": datetime.fromtimestamp(written, UTC) if isinstance(written, int) else None,
        "statusDetails": _status_details(details.get("errorStack"), details.get("errorTypes")),
    }


def _about(deployment: Deployment) -> Mapping[str, object]:
    return {
        "deploymentId": deployment.deployment_id,
        "deploymentName": deployment.name or "",
        "targetArn": deployment.target_arn,
        "creationTimestamp": deployment.created,
    }


def _reason(detailed: JsonValue, cause: JsonValue) -> str | None:
    parts = [str(part) for part in (detailed, cause) if part]
    return ": ".join(parts) or None


def _status_details(stack: JsonValue, types: JsonValue) -> Mapping[str, object] | None:
    listed = {"errorStack": _as_list(stack), "errorTypes": _as_list(types)}
    return listed if any(listed.values()) else None


def _as_list(reported: JsonValue) -> list[str]:
    # A job's details are strings: a nucleus writes a list as JSON, or as "[A, B]".
    if not reported:
        return []
    if isinstance(reported, list):
        return [str(item) for item in reported]
    text = str(reported)
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if isinstance(read, list):
        return [str(item) for item in read]
    return [item.strip() for item in text.strip("[]").split(",") if item.strip()]


def _listed(device: CoreDevice) -> Mapping[str, object]:
    return {
        "coreDeviceThingName": device.thing,
        "status": device.status,
        "lastStatusUpdateTimestamp": device.updated,
        "platform": device.platform,
        "architecture": device.architecture,
        "runtime": device.runtime,
    }


def _installed(component: InstalledComponent) -> Mapping[str, object]:
    return {
        "componentName": component.name,
        "componentVersion": component.version,
        "lifecycleState": component.state,
        "lifecycleStateDetails": component.details,
        "isRoot": component.is_root,
        "lastStatusChangeTimestamp": component.changed,
        "lastReportedTimestamp": component.reported,
        "lifecycleStatusCodes": list(component.codes) or None,
    }
