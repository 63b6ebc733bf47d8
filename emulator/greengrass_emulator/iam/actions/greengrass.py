"""Greengrass v2. Source: Service Authorization Reference, "AWS IoT Greengrass V2".

CreateDeployment, ListDeployments, ListComponents and ListCoreDevices take no resource. The caller also
needs dependent actions on what the service then uses: for a group its jobs and the group, for a thing its shadow.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.iam.actions.operations import Operation
from greengrass_emulator.iam.actions.resources import (
    ANY,
    Lookups,
    Place,
    named_resources,
    owner_of,
    request_tags,
    tag_context,
)
from greengrass_emulator.iam.requests import Need

_DEVICE, _DEPLOYMENT = "coreDevices:{coreDeviceThingName}", "deployments:{deploymentId}"
_RESOURCES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("DeleteComponent", "DescribeComponent", "GetComponent", "ListComponentVersions"), ("@arn",)),
    "GetComponentVersionArtifact": ("@arn",),
    **dict.fromkeys(("CancelDeployment", "DeleteDeployment", "GetDeployment"), (_DEPLOYMENT,)),
    **dict.fromkeys(
        (
            "BatchAssociateClientDeviceWithCoreDevice", "BatchDisassociateClientDeviceFromCoreDevice",
            "DeleteCoreDevice", "GetCoreDevice", "ListClientDevicesAssociatedWithCoreDevice",
            "ListEffectiveDeployments", "ListInstalledComponents",
        ),
        (_DEVICE,),
    ),
    **dict.fromkeys(("TagResource", "UntagResource", "ListTagsForResource"), ("@resourceArn",)),
}  # fmt: skip
_NEW_ID = "00000000-0000-0000-0000-000000000000"
"""Stands for the id of a new job or deployment: no policy can know it beforehand."""


@dataclass(frozen=True, slots=True)
class _Touched:
    """The IoT actions that a Greengrass action depends on, by resource."""

    of_group: tuple[str, ...] = ()
    of_job: tuple[str, ...] = ()
    of_thing: tuple[str, ...] = ()


_SHADOW = ("DeleteThingShadow", "DescribeThing", "GetThingShadow", "UpdateThingShadow")
_READS = _Touched(("DescribeThingGroup",), ("DescribeJob",), ("DescribeThing", "GetThingShadow"))
_TOUCHED: Mapping[str, _Touched] = {
    "CreateDeployment": _Touched(
        ("CreateJob", "DescribeThingGroup"), ("CancelJob", "CreateJob", "DescribeJob", "UpdateJob"), _SHADOW
    ),
    "CancelDeployment": _Touched(("DescribeThingGroup",), ("CancelJob", "DescribeJob", "UpdateJob"), _SHADOW),
    "DeleteDeployment": _Touched(of_job=("DeleteJob",)),
    "GetDeployment": _READS,
    "ListDeployments": _READS,
    "ListEffectiveDeployments": _Touched(
        of_job=("DescribeJob", "DescribeJobExecution"),
        of_thing=("DescribeJobExecution", "DescribeThing", "GetThingShadow"),
    ),
    "DeleteCoreDevice": _Touched(of_thing=("DescribeJobExecution",)),
}


def greengrass_needs(request: HttpRequest, operation: Operation, lookups: Lookups) -> tuple[Need, ...]:
    """Return ``greengrass:Operation`` on its resource, TagResource with tags, and the dependent actions."""
    place = Place("greengrass", request.region, request.account)
    action = f"greengrass:{operation.name}"
    tags = request_tags(operation)
    context = tag_context(tags, operation.texts("tagKeys"))
    needs = []
    tagged: tuple[str, ...] = ()
    match operation.name:
        case "CreateComponentVersion":
            name, version = _component(operation)
            needs.append(Need(action, place.arn(f"components:{name}"), request.account, context))
            tagged = (place.arn(f"components:{name}:versions:{version}"),)
        case "CreateDeployment":
            needs.append(Need(action, ANY, request.account, context))
            tagged = (place.arn(f"deployments:{_NEW_ID}"),)
        case "ResolveComponentCandidates":
            needs += [Need(action, arn, request.account, context) for arn in _candidates(operation, place)]
        case _:
            resources = named_resources(_RESOURCES, operation, place)
            # A public component belongs to no account (its ARN has ``aws``): any account's identity may read it.
            needs += [Need(action, arn, owner_of(arn, request.account), context) for arn in resources]
    if tags and tagged and not operation.name.startswith(("Tag", "Untag")):
        needs += [Need("greengrass:TagResource", arn, request.account, context, action) for arn in tagged]
    return (*needs, *_dependents(request, operation, lookups, action))


def _component(operation: Operation) -> tuple[str, str]:
    try:
        recipe = yaml.safe_load(base64.b64decode(operation.text("inlineRecipe") or ""))
    except (binascii.Error, ValueError, yaml.YAMLError):
        recipe = None
    if not isinstance(recipe, Mapping):
        # The service refuses such a recipe; the request gets that far only with a right to every component.
        return ANY, ANY
    keys = {str(key).lower(): value for key, value in recipe.items()}
    return str(keys.get("componentname", ANY)), str(keys.get("componentversion", ANY))


def _candidates(operation: Operation, place: Place) -> Iterable[str]:
    given = operation.parameters.get("componentCandidates")
    for each in given if isinstance(given, list) else []:
        name = each.get("componentName", ANY) if isinstance(each, Mapping) else ANY
        yield place.arn(f"components:{name}:versions:{_any_version(each)}")


def _any_version(candidate: object) -> str:
    version = candidate.get("componentVersion") if isinstance(candidate, Mapping) else None
    return str(version or ANY)


def _dependents(request: HttpRequest, operation: Operation, lookups: Lookups, action: str) -> Iterable[Need]:
    place = Place("iot", request.region, request.account)
    touched = _TOUCHED.get(operation.name)
    if touched is None:
        return
    job = place.arn(f"job/{_NEW_ID}")
    if device := operation.text("coreDeviceThingName"):
        yield from _on(place.arn(f"thing/{device}"), touched.of_thing, action, request)
        yield from _on(job, touched.of_job, action, request)
        return
    target = operation.text("targetArn") or lookups.deployment_target(
        request.account, operation.text("deploymentId") or ""
    )
    if target is None:
        return  # The service answers that there is no such deployment, or lists what it finds.
    if ":thinggroup/" in target:
        yield from _on(target, touched.of_group, action, request)
        yield from _on(job, touched.of_job, action, request)
    else:
        yield from _on(target, touched.of_thing, action, request)


def _on(resource: str, actions: Iterable[str], because_of: str, request: HttpRequest) -> Iterable[Need]:
    for each in actions:
        yield Need(f"iot:{each}", resource, owner_of(resource, request.account), {}, because_of)
