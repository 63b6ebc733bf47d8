"""The publisher's errors: one tree, in which each class has the exit code of the command that it ends.

PublisherError                  FAILED      (the base; never raised itself)
├── WrongUseError               INVALID     an option or the environment is not right
├── InvalidDocumentError        INVALID     a document is not right; carries every diagnostic
├── UnfitTemplateError          INVALID     the deployment template contradicts the release
├── WorkFailedError             FAILED      the work could not be done
│   ├── CloudError              FAILED      AWS refused a call, or could not be reached
│   ├── ModelUnavailableError   FAILED      there is no model to build from, or it cannot be unpacked
│   ├── BuildFailedError        FAILED      a component could not be built
│   ├── ArtifactConflictError   FAILED      an immutable artifact exists with other bytes
│   └── VersionTakenError       FAILED      an immutable component version exists already
├── FleetDiffersError           DIFFERS     the fleet is not as released
└── TimedOutError               TIMED_OUT   the fleet did not answer in time
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from shared_schema.diagnostics import Diagnostic, ExitCode

if TYPE_CHECKING:
    # Only for its type: `--help` must not wait for pydantic.
    from shared_schema.json_value import JsonObject


class PublisherError(Exception):
    """``problem`` says what happened, and to what; ``remedy`` what to do about it."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}\n    {remedy}")

    def as_json(self) -> "JsonObject":
        """The error for ``--json``."""
        return {
            "error": type(self).__name__.removesuffix("Error"),
            "problem": self.problem,
            "remedy": self.remedy,
            "exit-code": self.exit_code.value,
        }


class WrongUseError(PublisherError):
    """An option or the environment is wrong, or something is missing there."""

    exit_code = ExitCode.INVALID


class InvalidDocumentError(PublisherError):
    """Documents are invalid; ``diagnostics`` has every fault, in the files' order."""

    exit_code = ExitCode.INVALID

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = list(diagnostics)
        count = len(self.diagnostics)
        super().__init__(
            "\n".join(str(each) for each in self.diagnostics),
            f"correct {'this' if count == 1 else f'these {count} faults'}, and run it again",
        )

    def as_json(self) -> "JsonObject":
        return {**super().as_json(), "diagnostics": [each.as_json() for each in self.diagnostics]}


class WorkFailedError(PublisherError):
    """The work could not be done; nothing half done is left behind."""


class CloudError(WorkFailedError):
    """AWS refused a call, or could not be reached. ``code`` is AWS's own, such as ``AccessDenied``."""

    def __init__(self, problem: str, remedy: str, *, code: str = "") -> None:
        self.code = code
        super().__init__(problem, remedy)

    def as_json(self) -> "JsonObject":
        return {**super().as_json(), "code": self.code}


class ModelUnavailableError(WorkFailedError):
    """There is no approved model, or it cannot be downloaded or unpacked safely."""


class BuildFailedError(WorkFailedError):
    """A component could not be built; nothing of the release was uploaded."""


class ArtifactConflictError(WorkFailedError):
    """The artifact exists in the bucket with other bytes, and artifacts are immutable."""


class VersionTakenError(WorkFailedError):
    """The component version exists already: it was created after we looked, and versions are immutable."""


class FleetDiffersError(PublisherError):
    """The fleet is not as released."""

    exit_code = ExitCode.DIFFERS


class TimedOutError(PublisherError):
    """The fleet neither confirmed nor failed before the time-out."""

    exit_code = ExitCode.TIMED_OUT
