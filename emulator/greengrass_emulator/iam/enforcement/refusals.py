"""A denial as each service's clients read it: S3's XML, the query protocol's XML, JSON with or without ``__type``.

Status and code are the services' own: 403 for most, 400 for the JSON protocol (KMS, SageMaker: "Common errors").
"""

import json
from dataclasses import dataclass
from uuid import uuid4
from xml.sax.saxutils import escape

_JSON_PROTOCOL = {"kms", "sagemaker", "logs"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def refusal_of(service: str, method: str, message: str) -> Refusal:
    """Return the denial of a request to a service, by its signing name."""
    request_id = str(uuid4())
    headers: tuple[tuple[str, str], ...] = (("x-amzn-RequestId", request_id),)
    if service == "s3":
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>{escape(message)}'
            f"</Message><RequestId>{request_id}</RequestId></Error>"
        )
        headers = (("x-amz-request-id", request_id), ("Content-Type", "application/xml"))
        return Refusal(403, "Forbidden", headers, b"" if method == "HEAD" else body.encode())
    if service in {"sts", "iam"}:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{escape(message)}</Message>"
            f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Refusal(403, "Forbidden", (*headers, ("Content-Type", "text/xml")), body.encode())
    if service in _JSON_PROTOCOL:
        body = json.dumps({"__type": "AccessDeniedException", "message": message})
        return Refusal(400, "Bad Request", (*headers, ("Content-Type", "application/x-amz-json-1.1")), body.encode())
    code = "ForbiddenException" if service == "iotdata" else "AccessDeniedException"
    headers = (*headers, ("x-amzn-ErrorType", code), ("Content-Type", "application/json"))
    return Refusal(403, "Forbidden", headers, json.dumps({"message": message}).encode())
