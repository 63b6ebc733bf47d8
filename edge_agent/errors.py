"""What can go wrong in the agent.

::

    EdgeAgentError
    ├── WrongUseError                 the command line or the environment is wrong
    ├── NotInstalledError             a version of the agent could not be installed
    ├── ArtifactError                 a model's files are not where a nucleus puts them
    ├── RefusedModelError             a model failed its vetting; carries a `Reason`
    ├── GraphMismatchError            a graph and its manifest do not fit
    ├── VettingAbandonedError         a later proposal made this vetting pointless
    ├── UnwritableError               there is no folder for copies of models
    ├── TemplateError                 no process could be made for a model
    ├── BabbleError                   a worker said what no worker says
    ├── ProposalError                 a model of a config file cannot be copied
    ├── InvalidSettingsError          the settings of a desired state are wrong
    ├── CommandError                  a command from the cloud cannot be carried out
    ├── RequestError                  a request of another component cannot be read
    ├── InferenceError                one frame has no answer
    │   └── UnreadableFrameError      it is no image, or no tensors, for the model
    ├── SinkError                     a prediction could not be written
    └── NucleusError                  a call over IPC failed
        ├── NucleusAwayError          there is no connection, or no answer in time
        │   └── TokenRefusedError     the nucleus does not know the component's token, and gives no other
        ├── NotThereError             the component, key or topic does not exist
        ├── NotAllowedError           the recipe's access control does not allow it
        └── NotOfferedError           this nucleus does not offer the call, or failed in it

It needs the standard library only, since `bringing_up` runs before any wheel is installed; `__main__.py` knows the exit
codes.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared_schema.messages import Reason


class EdgeAgentError(Exception):
    """``problem`` says what happened, and to what; ``remedy`` what to do, and is empty if nobody needs to do anything.

    Its text is both on one line, as logs and messages to the cloud carry it.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}; {remedy}" if remedy else problem)


class WrongUseError(EdgeAgentError):
    """The command line is wrong, or the environment that it runs in."""


class NotInstalledError(EdgeAgentError):
    """An installation of the agent failed. The problem is in pip's words if pip failed."""


class ArtifactError(EdgeAgentError):
    """The folder of a model component's version is absent, or is not one folder only."""


class RefusedModelError(EdgeAgentError):
    """A model failed its vetting. ``reason`` is for programs, the text for people: a confirmation carries both."""

    def __init__(self, reason: "Reason", problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.reason = reason


class GraphMismatchError(EdgeAgentError):
    """The graph's inputs or outputs are not as the manifest says. The problem names the one that differs."""


class VettingAbandonedError(EdgeAgentError):
    """The vetting was ended: nobody waits for its verdict any more."""


class UnwritableError(EdgeAgentError):
    """The folder of copies cannot be written, for another reason than want of room."""


class TemplateError(EdgeAgentError):
    """The template could not be started, or could not fork."""


class BabbleError(EdgeAgentError):
    """A worker sent more than it may, or nothing that can be read."""


class ProposalError(EdgeAgentError):
    """A model's folder that a config file names cannot be copied."""


class InvalidSettingsError(EdgeAgentError):
    """The settings of a desired state are invalid. The problem names the first fault."""


class CommandError(EdgeAgentError):
    """A command from the cloud cannot be carried out. Its text is the reply."""


class RequestError(EdgeAgentError):
    """A request of another component cannot be read. Its text is the answer."""


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
