"""A refusal in the wire format of the service that it stands for: JSON, S3's XML, or the query protocol's XML."""

import json
from uuid import uuid4
from xml.sax.saxutils import escape

from greengrass_emulator.cloud.api_errors import Answer, ApiError
from greengrass_emulator.cloud.rest_json.writing import write_error

_XML = (("Content-Type", "text/xml"),)
# The same error has another name in each of the older protocols.
_S3_NAMES = {
    "UnrecognizedClientException": "InvalidAccessKeyId",
    "ExpiredTokenException": "ExpiredToken",
    "AccessDeniedException": "AccessDenied",
    "MissingAuthenticationToken": "AccessDenied",
    "ThrottlingException": "SlowDown",
}
# And another status.
_S3_STATUSES = {"ThrottlingException": 503}
_QUERY_NAMES = {
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ExpiredTokenException": "ExpiredToken",
    "AccessDeniedException": "AccessDenied",
    "ThrottlingException": "Throttling",
}
_THROTTLED = 400
"""The older protocols' status for too many requests; REST-JSON has 429."""


def _json_protocol(error: ApiError) -> Answer:
    # The JSON protocol names the error in the body, REST-JSON in a header.
    body = json.dumps({"__type": error.code, "message": error.message})
    return Answer(_older_status(error), body.encode(), (("Content-Type", "application/x-amz-json-1.1"),))


def _older_status(error: ApiError) -> int:
    return _THROTTLED if error.code == "ThrottlingException" else error.status


def refusal_for(service: str, error: ApiError) -> Answer:
    """Return the answer that a client of ``service`` (its signing name) reads as this error."""
    message, request_id = escape(error.message), str(uuid4())
    match service:
        case "s3":
            code = _S3_NAMES.get(error.code, error.code)
            body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
            return Answer(_S3_STATUSES.get(error.code, error.status), body.encode(), _XML)
        case "sts" | "iam":
            code = _QUERY_NAMES.get(error.code, error.code)
            body = (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
            return Answer(_older_status(error), body.encode(), _XML)
        case "sagemaker" | "kms":
            return _json_protocol(error)
        case _:
            return write_error(error)
