"""What can go wrong in the emulator's permissions.

EmulatorError
└── IamError
    ├── InvalidPolicyError       exit code 2: a policy document that AWS would refuse, or that we cannot evaluate
    └── InvalidRecordingError    exit code 2: a recording of calls that cannot be read

A denial is not an error: it is a ``Decision``.
"""

from greengrass_emulator.errors import EmulatorError, ExitCode


class IamError(EmulatorError):
    """The emulator's permissions failed."""


class InvalidPolicyError(IamError):
    """A policy document that AWS would refuse, or that the evaluator does not support.

    ``fault`` is the problem without the policy's name.
    """

    exit_code = ExitCode.INVALID

    def __init__(self, policy: str, fault: str, remedy: str = "") -> None:
        super().__init__(f"policy {policy}: {fault}", remedy)
        self.policy = policy
        self.fault = fault


class InvalidRecordingError(IamError):
    """A recording of calls that cannot be read. The problem names file and line."""

    exit_code = ExitCode.INVALID
