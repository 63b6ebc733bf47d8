"""The table of the greengrassv2 API: an operation is a function, the model of its request, and a line here."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from greengrass_emulator.cloud.accounts import Caller
from greengrass_emulator.cloud.api_errors import (
    Answer,
    ApiError,
    UnknownOperationException,
    UnsupportedOperationException,
)
from greengrass_emulator.cloud.control_plane import component_operations as components
from greengrass_emulator.cloud.control_plane import core_device_operations as devices
from greengrass_emulator.cloud.control_plane import deployment_operations as deployments
from greengrass_emulator.cloud.control_plane import requests, resolution
from greengrass_emulator.cloud.control_plane import tag_operations as tags
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.rest_json.reading import ApiStructure, read_request
from greengrass_emulator.cloud.rest_json.writing import write_answer, write_error
from greengrass_emulator.service_models import find_route

_log = logging.getLogger(__name__)
SERVICE = "greengrassv2"

Operation = Callable[[AccountPlane, Caller, Mapping[str, object]], Mapping[str, object]]
Request = TypeVar("Request", bound=ApiStructure)


def _operation(
    model: type[Request], function: Callable[[AccountPlane, Caller, Request], Mapping[str, object]]
) -> Operation:
    return lambda plane, caller, parameters: function(plane, caller, model.model_validate(parameters))


OPERATIONS: Mapping[str, Operation] = {
    "CreateComponentVersion": _operation(requests.CreateComponentVersion, components.create_component_version),
    "DescribeComponent": _operation(requests.OfComponent, components.describe_component),
    "GetComponent": _operation(requests.GetComponent, components.get_component),
    "ListComponents": _operation(requests.ListComponents, components.list_components),
    "ListComponentVersions": _operation(requests.ListComponentVersions, components.list_component_versions),
    "DeleteComponent": _operation(requests.OfComponent, components.delete_component),
    "GetComponentVersionArtifact": _operation(
        requests.GetComponentVersionArtifact, components.get_component_version_artifact
    ),
    "ResolveComponentCandidates": resolution.refuse_resolution,
    "CreateDeployment": _operation(requests.CreateDeployment, deployments.create_deployment),
    "GetDeployment": _operation(requests.OfDeployment, deployments.get_deployment),
    "ListDeployments": _operation(requests.ListDeployments, deployments.list_deployments),
    "CancelDeployment": _operation(requests.OfDeployment, deployments.cancel_deployment),
    "DeleteDeployment": _operation(requests.OfDeployment, deployments.delete_deployment),
    "ListCoreDevices": _operation(requests.ListCoreDevices, devices.list_core_devices),
    "GetCoreDevice": _operation(requests.OfCoreDevice, devices.get_core_device),
    "DeleteCoreDevice": _operation(requests.OfCoreDevice, devices.delete_core_device),
    "ListInstalledComponents": _operation(requests.ListInstalledComponents, devices.list_installed_components),
    "ListEffectiveDeployments": _operation(requests.ListEffectiveDeployments, devices.list_effective_deployments),
    "TagResource": _operation(requests.TagResource, tags.tag_resource),
    "UntagResource": _operation(requests.UntagResource, tags.untag_resource),
    "ListTagsForResource": _operation(requests.OfResource, tags.list_tags_for_resource),
}


def answer_request(
    plane: AccountPlane,
    caller: Caller,
    method: str,
    raw_path: str,
    query: Mapping[str, Sequence[str]],
    body: bytes,
) -> Answer:
    """Answer one request to the account's control plane. Never raises ``ApiError``: it is the answer."""
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
