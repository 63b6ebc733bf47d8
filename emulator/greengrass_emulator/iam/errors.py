"""What can go wrong in the emulator's permissions.

EmulatorError
└── IamError
    ├── InvalidPolicy        exit code 2: a policy document that AWS would refuse, or that we cannot evaluate
    └── InvalidRecording     exit code 2: a recording of calls that cannot be read

A denial is not an error: it is a ``Decision``.
"""

from greengrass_emulator.errors import EmulatorError, ExitCode


class IamError(EmulatorError):
    """The emulator's permissions failed."""


class InvalidPolicy(IamError):
    """A policy document that AWS would refuse, or that the evaluator does not support."""

    exit_code = ExitCode.INVALID

    def __init__(self, policy: str, fault: str) -> None:
        super().__init__(f"policy {policy}: {fault}")
        self.policy = policy
        self.fault = fault


class InvalidRecording(IamError):
    """A recording of calls that cannot be read. The message has file, line and fault."""

    exit_code = ExitCode.INVALID
