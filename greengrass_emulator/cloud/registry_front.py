"""Stands before moto's SageMaker: a model package group that exists is not made a second time.

moto makes it anew and forgets what the group said of itself; AWS answers ``ValidationException`` ("already exists"),
which a register script must be ready for. The rest of the registry that we use behaves: ascending order unless told
otherwise, ``NextToken``, only versioned packages in a group, ``PendingManualApproval`` to begin with.
"""

import json

from moto.sagemaker.models import sagemaker_backends

from greengrass_emulator.cloud.api_errors import ValidationException
from greengrass_emulator.cloud.gateway import GatewayRequest

_TARGET = "SageMaker.CreateModelPackageGroup"


def guard_registry(request: GatewayRequest) -> None:
    """Lets moto answer, or raises ``ValidationException``."""
    if request.environ.get("HTTP_X_AMZ_TARGET") != _TARGET:
        return
    try:
        name = json.loads(request.body()).get("ModelPackageGroupName")
    except (ValueError, AttributeError) as fault:
        raise ValidationException("The request's body is no JSON object", reason="CANNOT_PARSE") from fault
    known = sagemaker_backends[request.caller.account_id][request.region].model_package_groups.get(name)
    if known is not None:
        raise ValidationException(f"Model Package Group already exists: {known.arn}")
