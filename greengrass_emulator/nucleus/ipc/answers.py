"""The errors that IPC answers to a component, by the names that its SDK knows (awsiot.greengrasscoreipc.model)."""

import json
from typing import Any


class IpcError(Exception):
    """An error answer. ``name`` is its model's name without the namespace."""

    name = "ServiceError"

    def __init__(self, message: str = "", **fields: str) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields

    def payload(self, with_text: bool) -> dict[str, Any]:
        """The answer's body. Lite's errors reach the SDK without text."""
        return {"message": self.message, **self.fields} if with_text else {}


class Unmodelled(Exception):
    """An error that no model has: an SDK finds no type in it, and tells its caller that the stream was closed."""

    def __init__(self, body: str, content_type: str) -> None:
        super().__init__(body)
        self.body = body
        self.content_type = content_type


def without_handler(operation: str, *, is_modelled: bool) -> Unmodelled:
    """What classic says to an operation that nothing in it answers.

    One of its service model has a stand-in, whose answer is of the wrong class: an internal error (the SDK's
    OperationContinuationHandler.java, DebugLoggingOperationHandler.java). Others: ServiceOperationMapping-
    ContinuationHandler.java.
    """
    if is_modelled:
        return internal_error()
    said = {"error": "Unsupported Operation", "message": f"{operation} is an unsupported operation."}
    return Unmodelled(json.dumps(said), "application/json")


def internal_error() -> Unmodelled:
    """What classic says when an operation met an error that has no model, a request that is no JSON among them."""
    return Unmodelled("InternalServerError", "text/plain")


class ServiceError(IpcError):
    """Something did not work, or lite does not have the operation."""


class InvalidArgumentsError(IpcError):
    name = "InvalidArgumentsError"


class ResourceNotFoundError(IpcError):
    name = "ResourceNotFoundError"


class UnauthorizedError(IpcError):
    name = "UnauthorizedError"


class ComponentNotFoundError(IpcError):
    name = "ComponentNotFoundError"


class ConflictError(IpcError):
    name = "ConflictError"


class InvalidTokenError(IpcError):
    name = "InvalidTokenError"


class FailedUpdateConditionCheckError(IpcError):
    name = "FailedUpdateConditionCheckError"


class InvalidRecipeDirectoryPathError(IpcError):
    name = "InvalidRecipeDirectoryPathError"


class InvalidArtifactsDirectoryPathError(IpcError):
    name = "InvalidArtifactsDirectoryPathError"
