"""Our own checks find what public linters do not: each weakness is put into a good document, and found."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from cloud_publisher.policies.linting.lint import LintExceptions
from cloud_publisher.policies.linting.weaknesses import CODES, weaknesses
from infra_policies import EXCEPTIONS, SEED, document_names
from shared_schema.documents import read_document

BREAKS = {
    "wildcard-action": ("deploy-role", 0, {"Action": ["greengrass:*"]}),
    "wildcard-resource": ("deploy-role", 0, {"Resource": "*"}),
    "bucket-prefix": ("token-exchange-role", 1, {"Resource": "arn:aws:s3:::example-artifacts*"}),
    "bare-root": ("deploy-role.trust", 0, {"Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Condition": {}}),
    "anybody": ("artifact-bucket", -1, {"Principal": "*"}),
    "bare-service": ("token-exchange-role.trust", 0, {"Condition": {}}),
    "no-external-id": ("deploy-role.trust", 0, {"Condition": {}}),
    "device-beyond-reading": ("token-exchange-role", 1, {"Action": ["greengrass:CreateDeployment"]}),
    "key-outside-s3": ("token-exchange-role", 2, {"Condition": {}}),
    "bucket-of-another": ("token-exchange-role", 1, {"Condition": {}}),
    "thing-of-another": ("core-device", 1, {"Resource": "arn:aws:iot:eu-west-1:333333333333:topic/dt/digits-demo/*"}),
}


@pytest.fixture
def documents(publisher: Any, config: Path) -> dict[str, Any]:
    answer = publisher("policies", "render", "--stage", "prod", "--config", config, "--json")
    return {each["name"]: each["document"] for each in json.loads(answer.out)["policies"]}


def test_there_is_a_break_for_every_check() -> None:
    assert set(BREAKS) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_document_that_is_broken_by_hand_is_found(documents: dict[str, Any], code: str) -> None:
    name, index, change = BREAKS[code]
    broken = copy.deepcopy(documents[name])
    broken["Statement"][index] |= change
    before = {finding.code for finding in weaknesses(name, documents[name])}
    assert code not in before
    assert code in {finding.code for finding in weaknesses(name, broken)}


def test_our_documents_have_none_but_the_excepted(documents: dict[str, Any]) -> None:
    exceptions = read_document(EXCEPTIONS, LintExceptions).value.exceptions
    found = [finding for name in document_names() for finding in weaknesses(name, documents[name])]
    left = [str(finding) for finding in found if not any(each.covers(finding) for each in exceptions)]
    assert not left


@pytest.mark.parametrize(
    ("seed", "role", "codes"),
    [
        (
            "s3",
            "token-exchange-role",
            {"wildcard-action", "bucket-prefix", "device-beyond-reading", "bucket-of-another"},
        ),
        ("kms", "token-exchange-role", {"wildcard-action", "wildcard-resource", "key-outside-s3"}),
        ("iot", "token-exchange-role", {"wildcard-resource", "device-beyond-reading"}),
        ("greengrass", "token-exchange-role", {"wildcard-action", "device-beyond-reading"}),
        ("trust", "deploy-role.trust", {"bare-service", "no-external-id"}),
    ],
)
def test_the_seeds_own_documents_are_found_out(seed: str, role: str, codes: set[str]) -> None:
    document = json.loads((SEED / f"{seed}.json").read_text())
    assert codes <= {finding.code for finding in weaknesses(role, document)}


def test_the_seeds_bare_root_is_seen_once_the_account_is_filled_in() -> None:
    document = json.loads((SEED / "trust.json").read_text().replace("{DEV_ACCOUNT}", "111111111111"))
    assert "bare-root" in {finding.code for finding in weaknesses("deploy-role.trust", document)}


def test_lint_ends_with_1_for_an_exception_that_nothing_needs(publisher: Any, config: Path, tmp_path: Path) -> None:
    extra = tmp_path / "exceptions.yml"
    extra.write_text(
        EXCEPTIONS.read_text()
        + "\n  - {linter: ours, code: anybody, place: deploy-role, reason: nobody remembers what this was for}\n"
    )
    answer = publisher("policies", "lint", "--config", config, "--exceptions", extra)
    assert answer.exit_code == 1
    assert "exception that nothing needs: ours anybody at deploy-role" in answer.out


def test_lint_ends_with_1_for_a_finding_without_an_exception(publisher: Any, config: Path, tmp_path: Path) -> None:
    none = tmp_path / "exceptions.yml"
    none.write_text("exceptions: []\n")
    answer = publisher("policies", "lint", "--config", config, "--exceptions", none)
    assert answer.exit_code == 1
    assert "artifact-key: error bare-root: AdministeredByTheDevAccount" in answer.out


def test_the_pipeline_gets_findings_and_idle_exceptions_as_diagnostics(
    publisher: Any, config: Path, tmp_path: Path
) -> None:
    other = tmp_path / "exceptions.yml"
    other.write_text(
        "exceptions:\n"
        "  - {linter: ours, code: anybody, place: deploy-role, reason: nobody remembers what this was for}\n"
    )
    answer = publisher("policies", "lint", "--config", config, "--exceptions", other, "--json")
    assert answer.exit_code == 1
    weakness, idle = json.loads(answer.out)["diagnostics"]
    assert (weakness["file"], weakness["code"], weakness["path"]) == (
        "artifact-key",
        "bare-root",
        "AdministeredByTheDevAccount",
    )
    assert "aws:PrincipalArn" in weakness["remedy"]
    assert (idle["file"], idle["line"], idle["path"]) == (str(other), 2, "exceptions[0]")


def test_an_exception_without_a_reason_is_refused(publisher: Any, config: Path, tmp_path: Path) -> None:
    bad = tmp_path / "exceptions.yml"
    bad.write_text("exceptions:\n  - {linter: ours, code: anybody, place: deploy-role}\n")
    answer = publisher("policies", "lint", "--config", config, "--exceptions", bad)
    assert answer.exit_code == 2
    assert "'reason' is missing" in answer.err


def test_lint_passes_on_the_documents_as_they_are(publisher: Any, config: Path) -> None:
    answer = publisher("policies", "lint", "--config", config)
    assert answer.exit_code == 0
    assert "no findings; 1 are excepted" in answer.out


def test_a_linter_that_is_not_there_is_named(publisher: Any, config: Path, tmp_path: Path) -> None:
    answer = publisher("policies", "lint", "--config", config, "--linters", tmp_path)
    assert answer.exit_code == 2
    assert "the linter parliament is not in" in answer.err
