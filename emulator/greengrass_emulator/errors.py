"""What can go wrong in the emulator, one tree.

EmulatorError                   exit code 1
├── WrongUse                    exit code 2: an invalid option or document
├── CloudNotRunning             a cloud was asked for something before start() or after stop()
├── ProvisioningFailed          a device could not be given its identity
├── IamError                    (iam/errors.py)
│   ├── InvalidPolicyError      exit code 2: a policy document that AWS would refuse, or that we cannot evaluate
│   └── InvalidRecordingError   exit code 2: a recording of calls that cannot be read
└── NucleusError                a nucleus could not do its work (nucleus/errors.py)
    ├── DeviceFolderInvalid     exit code 2: config.yaml is invalid
    ├── NucleusRunsAlready      another process serves this root folder
    ├── CloudAway               the data plane cannot be reached
    ├── FrameInvalid            bytes on the socket that are not an event-stream frame
    ├── LeafRefused             a configuration's leaf that lite does not write
    ├── RecipeInvalid           a recipe that this runtime refuses
    ├── StepFailed              a lifecycle step failed, or took too long
    ├── StepInterrupted         a request to a component came while one of its steps was under way
    └── DeploymentFailed        a deployment ended; carries Greengrass's error codes and detailed status

Answers to callers are not in this tree: those of the emulated AWS services (``AwsError`` in ``cloud/api_errors.py``),
and those of IPC to components (``nucleus/ipc/answers.py``).
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """How a command ends."""

    DONE = 0
    FAILED = 1
    INVALID = 2
    """Wrong use, or an invalid document."""


class EmulatorError(Exception):
    """The emulator could not do something. A command that meets it ends with ``exit_code``.

    ``problem`` says what happened, and to what; ``remedy`` what to do. ``remedy`` is empty where no person acts on the
    error: the emulator itself does, or its text becomes part of a report that has a form of its own.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}\n    {remedy}" if remedy else problem)


class WrongUse(EmulatorError):
    """An invalid option, argument or document."""

    exit_code = ExitCode.INVALID


class CloudNotRunning(EmulatorError):
    """A cloud was asked for something before ``start()`` or after ``stop()``."""


class ProvisioningFailed(EmulatorError):
    """A device could not be given its thing, certificate and folder."""


class NucleusError(EmulatorError):
    """A nucleus could not do its work."""
