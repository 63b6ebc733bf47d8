"""What the emulated AWS answers by HTTP, and the errors among its answers, by AWS's own names, status codes and fields.

AwsError                                       a request that AWS refuses; it has a code and a message
├── JobError                                   refused on a topic ``…/jobs/…/rejected``; never by HTTP
└── ApiError                                   refused by HTTP, with a status and further members
    ├── ValidationException, ConflictException, …  the names of botocore's models
    ├── MissingAuthenticationTokenError, SignatureVersionError     the request is not signed, or not by version 4
    ├── BadDigestError                         S3: the bytes do not have the checksum that came with them
    ├── InvalidQueryException, IndexNotReadyException, IndexNotFoundError, InvalidRequestException   the fleet index
    └── ShadowError                            also sent on ``…/shadow/…/rejected``

They are answers to clients, not failures of the emulator: those are below ``EmulatorError``.
Sources: botocore's service models greengrassv2/2020-11-30 and iot/2015-05-28 (the shapes with ``exception: true``).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = field(default=(("Content-Type", "application/json"),))


class AwsError(Exception):
    """A request that AWS refuses."""

    code = "InternalServerException"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class JobError(AwsError):
    """A device's request about a job, refused with one of the jobs API's error codes ("Jobs device MQTT API")."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ApiError(AwsError):
    """A request that is refused by HTTP. ``members`` are the error shape's fields besides ``message``."""

    status = 500

    def __init__(self, message: str, **members: object) -> None:
        super().__init__(message)
        self.members: Mapping[str, object] = members

    def body(self) -> dict[str, object]:
        """Return the JSON body, as the service writes it."""
        return {"message": self.message, **self.members}


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One invalid field of a request, by the model."""

    name: str
    message: str


class ValidationException(ApiError):
    """The request does not fit the service model, or makes no sense."""

    code = "ValidationException"
    status = 400

    def __init__(self, message: str, *, reason: str = "OTHER", faults: tuple[FieldFault, ...] = ()) -> None:
        fields = [{"name": fault.name, "message": fault.message} for fault in faults]
        super().__init__(message, reason=reason, fields=fields)


class AccessDeniedException(ApiError):
    """The caller may not do this."""

    code = "AccessDeniedException"
    status = 403


class UnrecognizedClientException(ApiError):
    """The access key belongs to no account."""

    code = "UnrecognizedClientException"
    status = 403


class ExpiredTokenException(ApiError):
    """The session of an assumed role is over."""

    code = "ExpiredTokenException"
    status = 403


class MissingAuthenticationTokenError(ApiError):
    """The request is not signed."""

    code = "MissingAuthenticationToken"
    status = 403


class SignatureVersionError(ApiError):
    """Signature Version 2, which S3 accepts for no bucket made since June 2020 (Amazon S3 user guide)."""

    code = "InvalidRequest"
    status = 400


class ThrottlingException(ApiError):
    """Too many requests."""

    code = "ThrottlingException"
    status = 429


class UnsupportedOperationException(ApiError):
    """An operation of the real service that is not emulated."""

    code = "UnsupportedOperationException"
    status = 501


class UnknownOperationException(ApiError):
    """No operation of the service has this method and path."""

    code = "UnknownOperationException"
    status = 404


class _ResourceError(ApiError):
    def __init__(self, message: str, *, resource_id: str, resource_type: str) -> None:
        super().__init__(message, resourceId=resource_id, resourceType=resource_type)


class ResourceNotFoundException(_ResourceError):
    """There is no such resource in this account."""

    code = "ResourceNotFoundException"
    status = 404


class ConflictException(_ResourceError):
    """The resource's state forbids the request."""

    code = "ConflictException"
    status = 409


class BadDigestError(ApiError):
    """S3: the bytes do not match the checksum."""

    code = "BadDigest"
    status = 400


class InvalidQueryException(ApiError):
    """The fleet index cannot read the query."""

    code = "InvalidQueryException"
    status = 400


class IndexNotReadyException(ApiError):
    """The fleet index is being built: it can be searched once it is ACTIVE."""

    code = "IndexNotReadyException"
    status = 400


class IndexNotFoundError(ApiError):
    """There is no such fleet index: indexing is off, or the name is wrong."""

    code = "ResourceNotFoundException"
    status = 404


class InvalidRequestException(ApiError):
    """The request about the fleet index is invalid."""

    code = "InvalidRequestException"
    status = 400


_SHADOW_CODES = {
    400: "InvalidRequestException",
    404: "ResourceNotFoundException",
    409: "ConflictException",
    413: "RequestEntityTooLargeException",
}


class ShadowError(ApiError):
    """A refused shadow request: one of ``_SHADOW_CODES`` by HTTP, and the bare status as ``code`` by MQTT."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message, timestamp=int(time.time()))
        self.code = _SHADOW_CODES[status]
        self.status = status
