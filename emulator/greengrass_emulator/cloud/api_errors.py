"""The errors that the emulated AWS answers, in the API's own names, status codes and fields.

Source: botocore's service model greengrassv2/2020-11-30 (the shapes with ``exception: true``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


class ApiError(Exception):
    """An error answer. ``members`` are the error shape's fields besides ``message``."""

    code = "InternalServerException"
    status = 500

    def __init__(self, message: str, **members: object) -> None:
        super().__init__(message)
        self.message = message
        self.members: Mapping[str, object] = members

    def body(self) -> dict[str, object]:
        """The JSON body, as the service writes it."""
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


class _AboutAResource(ApiError):
    def __init__(self, message: str, *, resource_id: str, resource_type: str) -> None:
        super().__init__(message, resourceId=resource_id, resourceType=resource_type)


class ResourceNotFoundException(_AboutAResource):
    """There is no such resource in this account."""

    code = "ResourceNotFoundException"
    status = 404


class ConflictException(_AboutAResource):
    """The resource's state forbids the request."""

    code = "ConflictException"
    status = 409


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = field(default=(("Content-Type", "application/json"),))
