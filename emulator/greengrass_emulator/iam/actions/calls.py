"""Which call a request is, and what permissions it needs.

Source: Service Authorization Reference, one page for each service; the modules behind name what they take from it. A
request to an unknown service or operation needs ``service:Operation`` on ``*``, so that none passes unchecked.
"""

from collections.abc import Callable, Mapping

from greengrass_emulator.iam.actions.greengrass import greengrass_needs
from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.iam.actions.iam_and_sts import iam_needs, sts_needs
from greengrass_emulator.iam.actions.iot import iot_needs
from greengrass_emulator.iam.actions.kms import kms_needs
from greengrass_emulator.iam.actions.logs import logs_needs
from greengrass_emulator.iam.actions.operations import MODELS, Operation, read_operation
from greengrass_emulator.iam.actions.resources import Lookups
from greengrass_emulator.iam.actions.s3 import s3_needs
from greengrass_emulator.iam.actions.s3_operations import read_s3_operation
from greengrass_emulator.iam.actions.sagemaker import sagemaker_needs
from greengrass_emulator.iam.requests import Call, Need

_Needs = Callable[[HttpRequest, Operation, Lookups], tuple[Need, ...]]
_BY_SERVICE: Mapping[str, _Needs] = {
    "greengrass": greengrass_needs,
    "iam": iam_needs,
    "iot": iot_needs,
    "iotdata": iot_needs,
    "kms": kms_needs,
    "s3": s3_needs,
    "logs": logs_needs,
    "sagemaker": sagemaker_needs,
    "sts": sts_needs,
}
_UNKNOWN = "UnknownOperation"


def call_of(request: HttpRequest, lookups: Lookups) -> Call:
    """Return the call that a request makes. Raises nothing: an unreadable request gets a need that no policy meets."""
    if request.service not in MODELS:
        action = f"{request.service}:{request.headers.get('x-amz-target', '').rpartition('.')[2] or _UNKNOWN}"
        return Call(request.service, _UNKNOWN, request.region, (Need(action, "*", request.account),))
    operation = read_s3_operation(request) if request.service == "s3" else read_operation(request)
    if operation is None:
        need = Need(f"{prefix_of(request.service)}:{_UNKNOWN}", "*", request.account)
        return Call(request.service, _UNKNOWN, request.region, (need,))
    needs = _BY_SERVICE[request.service](request, operation, lookups)
    return Call(request.service, operation.name, request.region, tuple(_in_region(need, request) for need in needs))


def prefix_of(service: str) -> str:
    """Return the prefix of a service's IAM actions, by its signing name."""
    return "iot" if service == "iotdata" else service


def _in_region(need: Need, request: HttpRequest) -> Need:
    context = {"aws:requestedregion": (request.region,), **need.context}
    return Need(need.action, need.resource, need.owner, context, need.because_of)
