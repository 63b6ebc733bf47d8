"""Lints the policies of every stage by every installed linter: ``cloud-publisher policies lint``.

What is accepted all the same stands in ``infra_policies/exceptions.yml``, each with its reason.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import Field

from cloud_publisher.policies.linting.public_linters import PublicLinter, lint_with_public_linters
from cloud_publisher.policies.linting.weaknesses import weaknesses
from cloud_publisher.policies.parameters import stage_parameters
from cloud_publisher.policies.rendering import render_policy
from infra_policies import CLOUDFORMATION, document_names, document_path
from shared_schema.config import Config
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents import Document
from shared_schema.stages import DEV_STAGE
from shared_schema.strict_model import WrittenByPeople


class LintException(WrittenByPeople):
    """A finding that is accepted, and why."""

    linter: PublicLinter | Literal["ours"]
    code: str = Field(min_length=1)
    place: str = Field(min_length=1)
    """A pattern in the shell's syntax, of DOCUMENT, DOCUMENT/STATEMENT or TEMPLATE/RESOURCE."""
    reason: str = Field(min_length=20)

    def covers(self, found: Diagnostic) -> bool:
        """Return whether this is an exception for a diagnostic."""
        code = self.code if self.linter == "ours" else f"{self.linter}/{self.code}"
        place = "/".join((found.place.file, *(str(step) for step in found.place.path)))
        return code == found.code and fnmatchcase(place, self.place)


class LintExceptions(WrittenByPeople):
    """The whole of ``infra_policies/exceptions.yml``."""

    exceptions: list[LintException] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is left: diagnostics without an exception, and one for each unused exception."""

    diagnostics: tuple[Diagnostic, ...]
    excepted: int


def lint_stages(
    document: Document[Config], exceptions: Document[LintExceptions], *, bucket: str | None, linters: Path | None
) -> Judgement:
    """Lint each stage's documents, and with ``linters`` (a folder of programs) the templates as well.

    Raises ``InvalidDocumentError`` for stages that cannot be rendered, ``WrongUseError`` for a missing linter.
    """
    found: list[Diagnostic] = []
    public = linters is not None
    for number, stage in enumerate(document.value.stages or [DEV_STAGE]):
        parameters = stage_parameters(document, stage, bucket=bucket)
        texts = {
            name: render_policy(name, document_path(name).read_text(encoding="utf-8"), parameters).text
            for name in document_names()
        }
        found += [each for name, text in texts.items() for each in weaknesses(name, json.loads(text))]
        # One stage is enough for the public linters: stages only differ in names.
        if linters is not None and number == 0:
            found += lint_with_public_linters(linters, texts, CLOUDFORMATION)
    return judge(list(dict.fromkeys(found)), exceptions, public=public)


def judge(found: Sequence[Diagnostic], exceptions: Document[LintExceptions], *, public: bool) -> Judgement:
    """Compare diagnostics with exceptions. If no public linter ran, an exception for one never counts as unused."""
    listed = exceptions.value.exceptions
    left = [each for each in found if not any(exception.covers(each) for exception in listed)]
    idle = [
        exceptions.diagnostic(
            ("exceptions", index),
            f"an exception that nothing needs: {each.linter} {each.code} at {each.place}",
            "take it out",
        )
        for index, each in enumerate(listed)
        if (public or each.linter == "ours") and not any(each.covers(one) for one in found)
    ]
    return Judgement((*left, *idle), len(found) - len(left))
