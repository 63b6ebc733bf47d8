"""What can go wrong in a nucleus, one branch of the emulator's tree.

NucleusError                    exit code 1 (greengrass_emulator.errors)
├── DeviceFolderInvalid         exit code 2: config.yaml is invalid
├── NucleusRunsAlready          another process serves this root folder
├── FrameInvalid                bytes on the socket that are not an event-stream frame
├── RecipeInvalid               a recipe that this runtime refuses
├── StepFailed                  a lifecycle step failed, or took too long
└── DeploymentFailed            a deployment ended; carries Greengrass's error codes and detailed status

Errors that IPC answers to components are answers, see ``ipc/answers.py``.
"""

from greengrass_emulator.errors import NucleusError


class DeviceFolderInvalid(NucleusError):
    """A device's ``config.yaml`` cannot be read, or lacks a part."""

    exit_code = 2


class NucleusRunsAlready(NucleusError):
    """Another process serves this root folder."""


class FrameInvalid(NucleusError):
    """Bytes that are not an event-stream frame, or a frame that the runtime does not accept."""


class RecipeInvalid(NucleusError):
    """A recipe that this runtime refuses. ``code`` is Greengrass's own error code for it."""

    def __init__(self, message: str, code: str = "RECIPE_PARSE_ERROR") -> None:
        super().__init__(message)
        self.code = code


class StepFailed(NucleusError):
    """A lifecycle step ended with another code than 0, could not be started, or took too long."""


class DeploymentFailed(NucleusError):
    """A deployment failed.

    ``codes`` are Greengrass's (DeploymentErrorCode.java), the general ones first, after
    ``DEPLOYMENT_FAILURE``. ``detailed`` is the detailed status of the job.
    """

    def __init__(self, message: str, *codes: str, detailed: str = "FAILED_NO_STATE_CHANGE") -> None:
        super().__init__(message)
        self.codes = ("DEPLOYMENT_FAILURE", *codes)
        self.detailed = detailed
