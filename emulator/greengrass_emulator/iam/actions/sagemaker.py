"""SageMaker's model registry. Source: Service Authorization Reference, "Amazon SageMaker AI".

ListModelPackages takes ``model-package`` resources, of the whole group: ``model-package/GROUP/*``. Operations outside
the registry need ``*``, and ``iam:PassRole`` for the role that they hand over.
"""

from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.iam.actions.iam_and_sts import pass_role
from greengrass_emulator.iam.actions.operations import Operation
from greengrass_emulator.iam.actions.resources import ANY, Lookups, Place, owner_of, request_tags, tag_context
from greengrass_emulator.iam.requests import Need

_OF_PACKAGE = {"DescribeModelPackage", "UpdateModelPackage", "DeleteModelPackage"}
_OF_GROUP = {
    "CreateModelPackageGroup", "DescribeModelPackageGroup", "DeleteModelPackageGroup", "GetModelPackageGroupPolicy",
    "PutModelPackageGroupPolicy", "DeleteModelPackageGroupPolicy",
}  # fmt: skip


def sagemaker_needs(request: HttpRequest, operation: Operation, _: Lookups) -> tuple[Need, ...]:
    """Return ``sagemaker:Operation`` on the package or group; ``sagemaker:AddTags`` when tags come with a creation."""
    action = f"sagemaker:{operation.name}"
    tags = request_tags(operation)
    context = tag_context(tags)
    if status := operation.text("ModelApprovalStatus"):
        context["sagemaker:modelapprovalstatus"] = (status,)
    needs = [
        Need(action, resource, owner_of(resource, request.account), context)
        for resource in _resources(operation, Place("sagemaker", request.region, request.account))
    ]
    if tags and operation.name.startswith("Create"):
        needs += [Need("sagemaker:AddTags", need.resource, need.owner, context, action) for need in needs]
    role = operation.text("RoleArn") or operation.text("ExecutionRoleArn")
    return (*needs, *pass_role(role, "sagemaker.amazonaws.com", action, request.account))


def _resources(operation: Operation, place: Place) -> tuple[str, ...]:
    group = operation.text("ModelPackageGroupName")
    if operation.name in _OF_PACKAGE:
        named = operation.text("ModelPackageArn") or operation.text("ModelPackageName") or ""
        return (named if named.startswith("arn:") else place.arn(f"model-package/{named}"),)
    if operation.name in _OF_GROUP and group:
        return (group if group.startswith("arn:") else place.arn(f"model-package-group/{group}"),)
    if operation.name == "ListModelPackages":
        return (place.arn(f"model-package/{group.rpartition('/')[2]}/*") if group else ANY,)
    if operation.name == "CreateModelPackage":
        name = group.rpartition("/")[2] if group else operation.text("ModelPackageName")
        package = place.arn(f"model-package/{name}/*" if group else f"model-package/{name}")
        return (package, place.arn(f"model-package-group/{name}")) if group else (package,)
    if operation.name in {"AddTags", "DeleteTags", "ListTags"} and (arn := operation.text("ResourceArn")):
        return (arn,)
    return (ANY,)
