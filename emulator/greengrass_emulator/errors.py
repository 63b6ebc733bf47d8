"""What can go wrong in the emulator, one small tree.

EmulatorError                   exit code 1
├── WrongUse                    exit code 2: an invalid option or document
├── CloudNotRunning             a cloud was asked for something before start() or after stop()
├── ProvisioningFailed          a device could not be given its identity
└── NucleusError                a nucleus could not do its work (its own branch grows below it)

Errors that the emulated AWS answers to its callers are not in this tree: they are answers (``cloud/api_errors.py``).
"""


class EmulatorError(Exception):
    """The emulator could not do something. A command that meets it ends with ``exit_code``."""

    exit_code = 1


class WrongUse(EmulatorError):
    """An invalid option, argument or document."""

    exit_code = 2


class CloudNotRunning(EmulatorError):
    """A cloud was asked for something before ``start()`` or after ``stop()``."""


class ProvisioningFailed(EmulatorError):
    """A device could not be given its thing, certificate and folder."""


class NucleusError(EmulatorError):
    """A nucleus could not do its work."""
