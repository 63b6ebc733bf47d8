"""What can go wrong in the agent, and what each means for the process.

::

    EdgeAgentError                    exit code 1
    ├── WrongUseError                 exit code 2: the command line or the environment is wrong
    ├── ArtifactError                 a model's files are not where a nucleus puts them
    ├── RefusedModelError             a model failed its vetting; carries a `Reason`
    ├── VettingAbandonedError         a later proposal made this vetting pointless
    ├── InferenceError                one frame has no answer
    │   └── UnreadableFrameError      it is no image, or no tensors, for the model
    ├── SinkError                     a prediction could not be written
    └── NucleusError                  a call over IPC failed
        ├── NucleusAwayError          there is no connection, or no answer in time
        │   └── TokenRefusedError     the nucleus does not know the component's token, and gives no other
        ├── NotThereError             the component, key or topic does not exist
        ├── NotAllowedError           the recipe's access control does not allow it
        └── NotOfferedError           this nucleus does not offer the call, or failed in it
"""

from typing import ClassVar

from shared_schema.messages import Reason


class EdgeAgentError(Exception):
    """The root. Each message says what happened, to what, and what to do."""

    exit_code: ClassVar[int] = 1


class WrongUseError(EdgeAgentError):
    """The command line is wrong, or the environment that it runs in."""

    exit_code: ClassVar[int] = 2


class ArtifactError(EdgeAgentError):
    """The folder of a model component's version is absent, or is not one folder only."""


class RefusedModelError(EdgeAgentError):
    """A model failed its vetting. ``reason`` is for programs, the message for people."""

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason = reason
        self.words = words


class VettingAbandonedError(EdgeAgentError):
    """The vetting was ended: nobody waits for its verdict any more."""


class InferenceError(EdgeAgentError):
    """The model has no answer for this one frame."""


class UnreadableFrameError(InferenceError):
    """The frame's bytes are no input for the model."""


class SinkError(EdgeAgentError):
    """A prediction was not written; the frame must be kept."""


class NucleusError(EdgeAgentError):
    """A call to the nucleus failed."""


class NucleusAwayError(NucleusError):
    """The connection is lost, or the answer did not come in time."""


class TokenRefusedError(NucleusAwayError):
    """The nucleus refuses the component's token, and gives no other: only a restart of the component may help."""


class NotThereError(NucleusError):
    """A component, key or topic does not exist (yet)."""


class NotAllowedError(NucleusError):
    """The recipe's access control does not allow the call."""


class NotOfferedError(NucleusError):
    """The nucleus does not know the call, or failed in it. Lite's answer is the same for both."""
