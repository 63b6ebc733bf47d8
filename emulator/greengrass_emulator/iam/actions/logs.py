"""CloudWatch Logs. Source: Service Authorization Reference, "Amazon CloudWatch Logs".

A log stream's permission is asked for on the stream where the action takes one, else on its group.
"""

from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.iam.actions.operations import Operation
from greengrass_emulator.iam.actions.resources import (
    Lookups,
    Place,
    named_resources,
    owner_of,
    request_tags,
    tag_context,
)
from greengrass_emulator.iam.requests import Need

_STREAM = "log-group:{logGroupName}:log-stream:{logStreamName}"
_OF_STREAM = {"CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"}
_GROUP = "log-group:{logGroupName}"


def logs_needs(request: HttpRequest, operation: Operation, _: Lookups) -> tuple[Need, ...]:
    """Return ``logs:Operation`` on the stream or group that it names."""
    template = _STREAM if operation.name in _OF_STREAM else _GROUP
    place = Place("logs", request.region, request.account)
    context = tag_context(request_tags(operation))
    return tuple(
        Need(f"logs:{operation.name}", arn, owner_of(arn, request.account), context)
        for arn in named_resources({operation.name: (template,)}, operation, place)
    )
