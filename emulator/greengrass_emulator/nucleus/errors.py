"""What can go wrong in a nucleus, and the types of a deployment's error codes.

``greengrass_emulator/errors.py`` draws the tree.

Errors that IPC answers to components are answers, see ``ipc/answers.py``.
"""

from collections.abc import Iterable

from greengrass_emulator.errors import ExitCode, NucleusError

_TYPES_OF_CODES = {
    "ARTIFACT_CHECKSUM_MISMATCH": "COMPONENT_RECIPE_ERROR",
    "CLOUD_API_ERROR": "CLOUD_SERVICE_ERROR",
    "COMPONENT_BROKEN": "USER_COMPONENT_ERROR",
    "COMPONENT_CIRCULAR_DEPENDENCY_ERROR": "REQUEST_ERROR",
    "COMPONENT_CONFIGURATION_NOT_VALID": "USER_COMPONENT_ERROR",
    "COMPONENT_DEPENDENCY_NOT_VALID": "COMPONENT_RECIPE_ERROR",
    "COMPONENT_UPDATE_ERROR": "USER_COMPONENT_ERROR",
    "COMPONENT_VERSION_REQUIREMENTS_NOT_MET": "REQUEST_ERROR",
    "CREDENTIAL_ENDPOINT_AUTH_FAILURE": "PERMISSION_ERROR",
    "EMPTY_ARTIFACT_URI": "COMPONENT_RECIPE_ERROR",
    "IO_UNZIP_ERROR": "DEVICE_ERROR",
    "NETWORK_ERROR": "NETWORK_ERROR",
    "RECIPE_MISSING_MANIFEST": "COMPONENT_RECIPE_ERROR",
    "RECIPE_PARSE_ERROR": "COMPONENT_RECIPE_ERROR",
    "RESOLVE_COMPONENT_CANDIDATES_ACCESS_DENIED": "PERMISSION_ERROR",
    "S3_ARTIFACT_URI_NOT_VALID": "COMPONENT_RECIPE_ERROR",
    "S3_ERROR": "DEPENDENCY_ERROR",
    "S3_GET_BUCKET_LOCATION_ACCESS_DENIED": "PERMISSION_ERROR",
    "S3_GET_BUCKET_LOCATION_RESOURCE_NOT_FOUND": "REQUEST_ERROR",
    "S3_GET_OBJECT_ACCESS_DENIED": "PERMISSION_ERROR",
    "S3_GET_OBJECT_RESOURCE_NOT_FOUND": "REQUEST_ERROR",
    "S3_HEAD_OBJECT_ACCESS_DENIED": "PERMISSION_ERROR",
    "S3_HEAD_OBJECT_RESOURCE_NOT_FOUND": "REQUEST_ERROR",
}
"""The type of each error code, as deployments report it (DeploymentErrorCode.java); some have none."""


class DeviceFolderInvalid(NucleusError):
    """A device's ``config.yaml`` cannot be read, or lacks a part."""

    exit_code = ExitCode.INVALID


class NucleusRunsAlready(NucleusError):
    """Another process serves this root folder."""


class CloudAway(NucleusError):
    """The data plane, or the credentials provider, cannot be reached."""


class FrameInvalid(NucleusError):
    """Bytes that are not an event-stream frame, or a frame that the runtime does not accept."""


class LeafRefused(NucleusError):
    """A leaf that lite does not write. The leaves before it stay written; those after it are not tried."""


class RecipeInvalid(NucleusError):
    """A recipe that this runtime refuses. ``code`` is Greengrass's own error code for it.

    The whole text is the deployment's failure cause, so that it has no remedy apart.
    """

    def __init__(self, message: str, code: str = "RECIPE_PARSE_ERROR") -> None:
        super().__init__(message)
        self.code = code


class StepFailed(NucleusError):
    """A lifecycle step ended with another code than 0, could not be started, or took too long."""


class StepInterrupted(NucleusError):
    """A request to a component came while one of its steps was under way."""

    def __init__(self) -> None:
        super().__init__("a request came while the step was under way")


class DeploymentFailed(NucleusError):
    """A deployment failed.

    ``codes`` are Greengrass's (DeploymentErrorCode.java), the general ones first, after
    ``DEPLOYMENT_FAILURE``. ``detailed`` is the detailed status of the job. The whole text is the job's failure cause,
    so that it has no remedy apart.
    """

    def __init__(self, message: str, *codes: str, detailed: str = "FAILED_NO_STATE_CHANGE") -> None:
        super().__init__(message)
        self.codes = ("DEPLOYMENT_FAILURE", *codes)
        self.detailed = detailed


def error_types(codes: Iterable[str]) -> tuple[str, ...]:
    """Return the types of an error stack, each once, in the stack's order."""
    return tuple(dict.fromkeys(_TYPES_OF_CODES[code] for code in codes if code in _TYPES_OF_CODES))
