"""The policy documents, rendered for the emulated accounts by the publisher itself, as a team would.

Also ``unused.yml``: what the proof's run does not use, with the reasons.
"""

import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import Field

from rehearsal.errors import RehearsalError
from rehearsal.policy_proof.rendered import RenderedStage, read_stage
from rehearsal.processes import output_of
from shared_schema.documents import read_document
from shared_schema.errors import DocumentError
from shared_schema.strict_model import WrittenByPeople

_SECONDS = 30


class Unneeded(WrittenByPeople):
    """A statement, or one pattern of it, that the run does not use, and why it is allowed."""

    document: str
    statement: str
    pattern: str | None = None
    """A shell pattern."""
    reason: str = Field(min_length=20)

    def covers(self, document: str, statement: str, pattern: str | None) -> bool:
        """Return whether it covers this statement, or this pattern of it."""
        if (document, statement) != (self.document, self.statement):
            return False
        if self.pattern is None or pattern is None:
            return self.pattern == pattern
        return fnmatchcase(pattern, self.pattern)


class UnneededList(WrittenByPeople):
    """The whole of ``infra_policies/unused.yml``."""

    unused: list[Unneeded] = Field(default_factory=list)


def render_documents(config: Path, stages: Sequence[str]) -> tuple[RenderedStage, ...]:
    """Render every stage with ``cloud-publisher policies render``. Raises ``RehearsalError`` with its output."""
    return tuple(read_stage(_render(config, stage)) for stage in stages)


def read_unneeded(path: Path) -> tuple[Unneeded, ...]:
    """Read the reasons. Raises ``RehearsalError`` with file, line and remedy."""
    try:
        return tuple(read_document(path, UnneededList).value.unused)
    except DocumentError as error:
        raise RehearsalError(str(error), f"correct {path}") from None


def _render(config: Path, stage: str) -> str:
    return output_of(
        [
            *(sys.executable, "-m", "cloud_publisher", "policies", "render"),
            *("--stage", stage, "--config", str(config), "--json"),
        ],
        name=f"cloud-publisher policies render --stage {stage}",
        remedy=f"correct {config}",
        seconds=_SECONDS,
    )
