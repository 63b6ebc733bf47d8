"""The table of the greengrassv2 API: an operation is a function and a line here."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from greengrass_emulator.cloud.accounts import Caller
from greengrass_emulator.cloud.api_errors import (
    Answer,
    ApiError,
    UnknownOperationException,
    UnsupportedOperationException,
)
from greengrass_emulator.cloud.control_plane import (
    component_operations,
    core_device_operations,
    deployment_operations,
    resolution,
    tag_operations,
)
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.rest_json.reading import read_request
from greengrass_emulator.cloud.rest_json.routing import find_route
from greengrass_emulator.cloud.rest_json.writing import write_answer, write_error

_log = logging.getLogger(__name__)
SERVICE = "greengrassv2"

Operation = Callable[[AccountPlane, Caller, Mapping[str, Any]], Mapping[str, Any]]

OPERATIONS: Mapping[str, Operation] = {
    "CreateComponentVersion": component_operations.create_component_version,
    "DescribeComponent": component_operations.describe_component,
    "GetComponent": component_operations.get_component,
    "ListComponents": component_operations.list_components,
    "ListComponentVersions": component_operations.list_component_versions,
    "DeleteComponent": component_operations.delete_component,
    "GetComponentVersionArtifact": component_operations.get_component_version_artifact,
    "ResolveComponentCandidates": resolution.refuse_resolution,
    "CreateDeployment": deployment_operations.create_deployment,
    "GetDeployment": deployment_operations.get_deployment,
    "ListDeployments": deployment_operations.list_deployments,
    "CancelDeployment": deployment_operations.cancel_deployment,
    "DeleteDeployment": deployment_operations.delete_deployment,
    "ListCoreDevices": core_device_operations.list_core_devices,
    "GetCoreDevice": core_device_operations.get_core_device,
    "DeleteCoreDevice": core_device_operations.delete_core_device,
    "ListInstalledComponents": core_device_operations.list_installed_components,
    "ListEffectiveDeployments": core_device_operations.list_effective_deployments,
    "TagResource": tag_operations.tag_resource,
    "UntagResource": tag_operations.untag_resource,
    "ListTagsForResource": tag_operations.list_tags_for_resource,
}


def answer_request(
    plane: AccountPlane,
    caller: Caller,
    method: str,
    raw_path: str,
    query: Mapping[str, Sequence[str]],
    body: bytes,
) -> Answer:
    """Answers one request to the account's control plane. Never raises ``ApiError``: it is the answer."""
    try:
        route = find_route(SERVICE, method, raw_path)
        if route is None:
            raise UnknownOperationException(f"Greengrass has no operation {method} {raw_path}")
        operation = OPERATIONS.get(route.operation.name)
        if operation is None:
            raise UnsupportedOperationException(f"{route.operation.name} is not emulated; see control_plane/api.py")
        request = read_request(route.operation, route.labels, query, body)
        with plane.lock:
            result = operation(plane, caller, request)
        _log.info("greengrass request", extra={"operation": route.operation.name, "account": plane.account.name})
        return write_answer(route.operation, result)
    except ApiError as error:
        _log.info("greengrass refusal", extra={"path": raw_path, "code": error.code, "reason": error.message})
        return write_error(error)
