"""What can go wrong in a rehearsal, one small tree.

RehearsalError      exit code 1: the rehearsal could not be run; a proof that does not hold is a row, not an error
└── WrongUse        exit code 2: an invalid option, or a folder that is not the rehearsal's own
"""

from typing import ClassVar

from shared_schema.diagnostics import ExitCode


class RehearsalError(Exception):
    """The rehearsal could not be run to its end. A command that meets it ends with ``exit_code``.

    ``problem`` says what happened, and to what; ``remedy`` what to do about it.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}\n    {remedy}")


class WrongUse(RehearsalError):
    """An invalid option or argument."""

    exit_code = ExitCode.INVALID
