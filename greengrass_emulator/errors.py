"""What can go wrong in the emulator, one small tree.

EmulatorError                   exit code 1
├── WrongUse                    exit code 2: an option or a document that cannot be meant
├── CloudNotRunning             a cloud was asked for something before start() or after stop()
├── ProvisioningFailed          a device could not be given its identity
├── RehearsalError              the rehearsal could not be run; that a proof does not hold is no error, but a row
└── NucleusError                a nucleus could not do its work (its own branch grows below it)

Errors that the emulated AWS answers to its callers are no part of this tree: they are answers, see
``cloud/api_errors.py``.
"""


class EmulatorError(Exception):
    """Something the emulator could not do. ``exit_code`` is what a command that meets it ends with."""

    exit_code = 1


class WrongUse(EmulatorError):
    """An option, an argument or a document that cannot be meant."""

    exit_code = 2


class CloudNotRunning(EmulatorError):
    """A cloud was asked for something before ``start()`` or after ``stop()``."""


class ProvisioningFailed(EmulatorError):
    """A device could not be given its thing, certificate and folder."""


class NucleusError(EmulatorError):
    """A nucleus could not do its work."""


class RehearsalError(EmulatorError):
    """The rehearsal could not be run to its end."""
