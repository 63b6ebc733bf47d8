"""What can go wrong in a rehearsal, one small tree.

RehearsalError      exit code 1: the rehearsal could not be run; a proof that does not hold is a row, not an error
└── WrongUse        exit code 2: an invalid option, or a folder that is not the rehearsal's own
"""


class RehearsalError(Exception):
    """The rehearsal could not be run to its end. A command that meets it ends with ``exit_code``."""

    exit_code = 1


class WrongUse(RehearsalError):
    """An invalid option or argument."""

    exit_code = 2
