"""Lints the policies of every stage by every installed linter: ``cloud-publisher policies lint``."""

import json
from collections.abc import Sequence
from pathlib import Path

from cloud_publisher.policies.linting.findings import Finding, Judgement, LinterName, LintException, judge
from cloud_publisher.policies.linting.public_linters import lint_with_public_linters
from cloud_publisher.policies.linting.weaknesses import weaknesses
from cloud_publisher.policies.parameters import stage_parameters
from cloud_publisher.policies.rendering import render_policy
from infra_policies import CLOUDFORMATION, document_names, document_path
from shared_schema.config import Config
from shared_schema.documents import Document
from shared_schema.stages import DEV_STAGE


def lint_stages(
    document: Document[Config], exceptions: Sequence[LintException], *, bucket: str | None, linters: Path | None
) -> Judgement:
    """Lint each stage's documents, and with ``linters`` (a folder of programs) the templates as well.

    Raises ``InvalidDocumentError`` for stages that cannot be rendered, ``WrongUseError`` for a missing linter.
    """
    ran: frozenset[LinterName] = frozenset({"ours"})
    findings: list[Finding] = []
    for stage in document.value.stages or [DEV_STAGE]:
        parameters = stage_parameters(document, stage, bucket=bucket)
        texts = {
            name: render_policy(name, document_path(name).read_text(encoding="utf-8"), parameters).text
            for name in document_names()
        }
        findings += [finding for name, text in texts.items() for finding in weaknesses(name, json.loads(text))]
        # One stage is enough for the public linters: stages only differ in names.
        if linters is not None and "parliament" not in ran:
            findings += lint_with_public_linters(linters, texts, CLOUDFORMATION)
            ran |= {"parliament", "checkov", "cfn-lint"}
    return judge(list(dict.fromkeys(findings)), exceptions, ran)
