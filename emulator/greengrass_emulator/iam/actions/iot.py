"""IoT, control and data API. Source: Service Authorization Reference, "AWS IoT" (actions and their resource types).

An action with several resource types needs each that the request names: CreateJob the job and every thing or group
that it is for. An action that is not in the table has no resource, or is not used here, and needs ``*``.
"""

from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.iam.actions.iam_and_sts import pass_role
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

_CERT, _POLICY, _ALIAS = "cert/{certificateId}", "policy/{policyName}", "rolealias/{roleAlias}"
_THING, _GROUP, _JOB = "thing/{thingName}", "thinggroup/{thingGroupName}", "job/{jobId}"
_RULE, _TYPE = "rule/{ruleName}", "thingtype/{thingTypeName}"
_BY_RESOURCES: tuple[tuple[tuple[str, ...], str], ...] = (
    ((_THING, _GROUP), "AddThingToThingGroup RemoveThingFromThingGroup"),
    (("@target",), "AttachPolicy DetachPolicy"),
    (
        ("@principal",),
        "AttachPrincipalPolicy AttachThingPrincipal DetachPrincipalPolicy DetachThingPrincipal "
        "ListPrincipalThings ListPrincipalThingsV2",
    ),
    ((_JOB, "@targets", "@jobTemplateArn"), "AssociateTargetsWithJob CreateJob"),
    ((_JOB,), "CancelJob DeleteJob DescribeJob GetJobDocument ListJobExecutionsForJob UpdateJob"),
    ((_JOB, _THING), "CancelJobExecution DeleteJobExecution DescribeJobExecution"),
    (
        (_THING,),
        "CreateThing DeleteThing DeleteThingShadow DescribeThing GetThingConnectivityData GetThingShadow "
        "ListJobExecutionsForThing ListNamedShadowsForThing ListThingGroupsForThing ListThingPrincipals "
        "ListThingPrincipalsV2 UpdateThing UpdateThingGroupsForThing UpdateThingShadow",
    ),
    (
        (_GROUP,),
        "CreateDynamicThingGroup CreateThingGroup DeleteDynamicThingGroup DeleteThingGroup DescribeThingGroup "
        "ListThingsInThingGroup UpdateDynamicThingGroup UpdateThingGroup",
    ),
    ((_TYPE,), "CreateThingType DeleteThingType DeprecateThingType DescribeThingType UpdateThingType"),
    ((_CERT,), "DeleteCertificate DescribeCertificate UpdateCertificate"),
    (
        (_POLICY,),
        "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion "
        "ListPolicyVersions ListTargetsForPolicy SetDefaultPolicyVersion",
    ),
    ((_ALIAS,), "CreateRoleAlias DeleteRoleAlias DescribeRoleAlias UpdateRoleAlias"),
    ((_RULE,), "CreateTopicRule DeleteTopicRule DisableTopicRule EnableTopicRule GetTopicRule ReplaceTopicRule"),
    (("topic/{topic}",), "GetRetainedMessage Publish"),
    (("@resourceArn",), "ListTagsForResource TagResource UntagResource"),
)
_RESOURCES = {name: resources for resources, names in _BY_RESOURCES for name in names.split()}
_OF_INDEX = {
    "SearchIndex",
    "GetStatistics",
    "GetCardinality",
    "GetPercentiles",
    "GetBucketsAggregation",
    "DescribeIndex",
}
_DEFAULT_INDEX = "AWS_Things"


def iot_needs(request: HttpRequest, operation: Operation, _: Lookups) -> tuple[Need, ...]:
    """Return ``iot:Operation`` on each resource that it names, ``iam:PassRole`` for a role that it hands to IoT."""
    action = f"iot:{operation.name}"
    place = Place("iot", request.region, request.account)
    tags = request_tags(operation)
    context = tag_context(tags, operation.texts("tagKeys"))
    if operation.name in _OF_INDEX:
        resources: tuple[str, ...] = (place.arn(f"index/{operation.text('indexName') or _DEFAULT_INDEX}"),)
    else:
        resources = named_resources(_RESOURCES, operation, place)
    needs = [Need(action, resource, owner_of(resource, request.account), context) for resource in resources]
    if operation.name == "Publish" and (operation.text("retain") or "").lower() == "true":
        needs += [Need("iot:RetainPublish", need.resource, need.owner, context, action) for need in tuple(needs)]
    if tags and operation.name.startswith("Create"):
        needs += [
            Need("iot:TagResource", r, owner_of(r, request.account), context, action) for r in resources if r != ANY
        ]
    if operation.name in {"CreateRoleAlias", "UpdateRoleAlias"}:
        needs += pass_role(operation.text("roleArn"), "credentials.iot.amazonaws.com", action, request.account)
    return tuple(needs)
