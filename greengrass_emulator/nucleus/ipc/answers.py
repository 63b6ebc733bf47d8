"""The errors that IPC answers to a component, by the names that its SDK knows (awsiot.greengrasscoreipc.model)."""

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


class ServiceError(IpcError):
    """Something did not work, or this runtime does not have the operation."""


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
