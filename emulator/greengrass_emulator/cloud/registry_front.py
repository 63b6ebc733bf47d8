"""Answers before moto's SageMaker, where its model registry differs from AWS's.

- A package group that exists cannot be created again: moto would replace it; AWS answers ``ValidationException``
  ("already exists"), which a register script must handle.
- A package of a group begins as ``PendingManualApproval`` (API reference, CreateModelPackage); moto gives it no status.

The rest that we use behaves: ascending order unless asked otherwise, ``NextToken``, versions that count up.
"""

import json

from moto.sagemaker.models import sagemaker_backends

from greengrass_emulator.cloud.api_errors import ValidationException
from greengrass_emulator.cloud.gateway import GatewayRequest
from greengrass_emulator.json_value import JsonObject, JsonValue


def guard_registry(request: GatewayRequest) -> None:
    """Let moto answer, or raise ``ValidationException``."""
    match request.environ.get("HTTP_X_AMZ_TARGET"):
        case "SageMaker.CreateModelPackageGroup":
            _refuse_second_group(request, _document(request).get("ModelPackageGroupName"))
        case "SageMaker.CreateModelPackage":
            document = _document(request)
            if document.get("ModelPackageGroupName") and not document.get("ModelApprovalStatus"):
                document["ModelApprovalStatus"] = "PendingManualApproval"
                request.replace_body(json.dumps(document).encode())
        case _:
            pass


def _refuse_second_group(request: GatewayRequest, name: JsonValue) -> None:
    known = sagemaker_backends[request.caller.account_id][request.region].model_package_groups.get(str(name))
    if known is not None:
        raise ValidationException(f"Model Package Group already exists: {known.arn}")


def _document(request: GatewayRequest) -> JsonObject:
    try:
        document = json.loads(request.body())
    except ValueError as fault:
        raise ValidationException("The request's body is not JSON", reason="CANNOT_PARSE") from fault
    if not isinstance(document, dict):
        raise ValidationException("The request's body is not a JSON object", reason="CANNOT_PARSE")
    return document
