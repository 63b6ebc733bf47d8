"""What can go wrong in a nucleus. ``greengrass_emulator/errors.py`` draws the tree.

Errors that IPC answers to components are answers, see ``ipc/answers.py``.
"""

from greengrass_emulator.errors import ExitCode, NucleusError


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
