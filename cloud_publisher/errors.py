"""The publisher's errors: one tree, in which each class has the exit code of the command that it ends.

PublisherError                  1   (the base; never raised itself)
├── WrongUseError               2   an option or the environment is not right
├── InvalidDocumentError        2   a document is not right; carries every fault
├── UnfitTemplateError          2   the deployment template contradicts the release (deploying/content/template_checks)
├── WorkFailedError             1   the work could not be done
│   ├── CloudError              1   AWS refused a call, or could not be reached
│   ├── ModelUnavailableError   1   there is no model to build from, or it cannot be unpacked
│   ├── BuildFailedError        1   a component could not be built
│   └── ArtifactConflictError   1   an immutable artifact exists with other bytes
├── FleetDiffersError           4   the fleet is not as released
└── TimedOutError               6   the fleet did not answer in time
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from shared_schema.documents import Fault


class PublisherError(Exception):
    """``problem`` says what happened, and to what; ``remedy`` what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}\n    {remedy}")

    def as_json(self) -> dict[str, Any]:
        """The error for ``--json``."""
        return {
            "error": type(self).__name__.removesuffix("Error"),
            "problem": self.problem,
            "remedy": self.remedy,
            "exit-code": self.exit_code,
        }


class WrongUseError(PublisherError):
    """An option or the environment is wrong, or something is missing there."""

    exit_code = 2


class InvalidDocumentError(PublisherError):
    """Documents are invalid; ``faults`` has every fault, in the files' order."""

    exit_code = 2

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        super().__init__(
            "\n".join(str(fault) for fault in self.faults),
            f"correct {'this' if count == 1 else f'these {count} faults'}, and run it again",
        )

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), "faults": [fault.as_json() for fault in self.faults]}


class WorkFailedError(PublisherError):
    """The work could not be done; nothing half done is left behind."""


class CloudError(WorkFailedError):
    """AWS refused a call, or could not be reached. ``code`` is AWS's own, such as ``AccessDenied``."""

    def __init__(self, problem: str, remedy: str, *, code: str = "") -> None:
        self.code = code
        super().__init__(problem, remedy)

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), "code": self.code}


class ModelUnavailableError(WorkFailedError):
    """There is no approved model, or it cannot be downloaded or unpacked safely."""


class BuildFailedError(WorkFailedError):
    """A component could not be built; nothing of the release was uploaded."""


class ArtifactConflictError(WorkFailedError):
    """The artifact exists in the bucket with other bytes, and artifacts are immutable."""


class FleetDiffersError(PublisherError):
    """The fleet is not as released."""

    exit_code = 4


class TimedOutError(PublisherError):
    """The fleet neither confirmed nor failed before the time-out."""

    exit_code = 6
