"""The errors that IPC answers, by the names that the SDK knows (awsiot.greengrasscoreipc.model)."""

import json

from greengrass_emulator.json_value import JsonObject


class IpcError(Exception):
    """An error answer. ``name`` is its model's name without the namespace."""

    name = "ServiceError"

    def __init__(self, message: str = "", **fields: str) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields

    def payload(self, with_text: bool) -> JsonObject:
        """The answer's body. Lite's errors reach the SDK without text."""
        return {"message": self.message, **self.fields} if with_text else {}


class Unmodelled(Exception):
    """An error without a model: an SDK finds no type in it, and reports that the stream was closed."""

    def __init__(self, body: str, content_type: str) -> None:
        super().__init__(body)
        self.body = body
        self.content_type = content_type


def without_handler(operation: str, *, is_modelled: bool) -> Unmodelled:
    """Return classic's answer to an operation without a handler.

    For operations of its service model classic has a placeholder, which answers with the wrong class: an internal
    error (the SDK's OperationContinuationHandler.java, DebugLoggingOperationHandler.java). Others:
    ServiceOperationMappingContinuationHandler.java.
    """
    if is_modelled:
        return internal_error()
    body = {"error": "Unsupported Operation", "message": f"{operation} is an unsupported operation."}
    return Unmodelled(json.dumps(body), "application/json")


def internal_error() -> Unmodelled:
    """Return classic's answer to an error without a model, such as a request that is not JSON."""
    return Unmodelled("InternalServerError", "text/plain")


class ServiceError(IpcError):
    """Something failed, or lite does not have the operation."""


class InvalidArgumentsError(IpcError):
    name = "InvalidArgumentsError"


class ResourceNotFoundError(IpcError):
    name = "ResourceNotFoundError"


class UnauthorizedError(IpcError):
    name = "UnauthorizedError"


class ComponentNotFoundError(IpcError):
    name = "ComponentNotFoundError"


class InvalidTokenError(IpcError):
    name = "InvalidTokenError"


class FailedUpdateConditionCheckError(IpcError):
    name = "FailedUpdateConditionCheckError"


class InvalidRecipeDirectoryPathError(IpcError):
    name = "InvalidRecipeDirectoryPathError"


class InvalidArtifactsDirectoryPathError(IpcError):
    name = "InvalidArtifactsDirectoryPathError"


def texts_in(request: JsonObject, key: str) -> tuple[str, ...]:
    """Return a request's list of texts; empty if it is missing or null. Raises InvalidArgumentsError otherwise."""
    value = request.get(key) or []
    texts = tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
    if not isinstance(value, list) or len(texts) < len(value):
        raise InvalidArgumentsError(f"{key} is not a list of texts")
    return texts
