"""The API's operations on tags: component versions, deployments and core devices have them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from greengrass_emulator.cloud.accounts import Caller
from greengrass_emulator.cloud.api_errors import ValidationException
from greengrass_emulator.cloud.control_plane import requests
from greengrass_emulator.cloud.control_plane.component_operations import find_version
from greengrass_emulator.cloud.control_plane.core_device_operations import find_core_device
from greengrass_emulator.cloud.control_plane.deployment_operations import find_deployment
from greengrass_emulator.cloud.control_plane.plane import AccountPlane

MAXIMUM_TAGS = 50
"""AWS's limit for tags on one resource."""


@dataclass(frozen=True, slots=True)
class _Tagged:
    tags: Mapping[str, str]
    write: Callable[[Mapping[str, str]], None]


def tag_resource(plane: AccountPlane, _: Caller, request: requests.TagResource) -> Mapping[str, object]:
    """Add tags, and replace those with the same key."""
    resource = _resource(plane, request.resource_arn)
    tags = {**resource.tags, **request.tags}
    if len(tags) > MAXIMUM_TAGS:
        raise ValidationException(f"A resource has at most {MAXIMUM_TAGS} tags, and would have {len(tags)}")
    resource.write(tags)
    return {}


def untag_resource(plane: AccountPlane, _: Caller, request: requests.UntagResource) -> Mapping[str, object]:
    """Remove tags; missing ones are ignored."""
    resource = _resource(plane, request.resource_arn)
    resource.write({key: value for key, value in resource.tags.items() if key not in request.tag_keys})
    return {}


def list_tags_for_resource(plane: AccountPlane, _: Caller, request: requests.OfResource) -> Mapping[str, object]:
    """Return a resource's tags."""
    return {"tags": dict(_resource(plane, request.resource_arn).tags)}


def _resource(plane: AccountPlane, arn: str) -> _Tagged:
    parts = arn.split(":")
    match parts[5:]:
        case ["components", _, "versions", _]:
            version = find_version(plane, arn)
            return _Tagged(version.tags, lambda tags: plane.components.put(replace(version, tags=tags)))
        case ["deployments", deployment_id]:
            deployment = find_deployment(plane, deployment_id)
            return _Tagged(deployment.tags, lambda tags: plane.deployments.put(replace(deployment, tags=tags)))
        case ["coreDevices", thing]:
            device = find_core_device(plane, thing)
            return _Tagged(device.tags, lambda tags: plane.devices.set_tags(thing, tags))
        case _:
            raise ValidationException(f"{arn} is not a component version, deployment or core device, which have tags")
