"""What `make policies` runs, on a copy of infra_policies from which somebody took something by hand."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra_policies import EXAMPLE, FOLDER

REPOSITORY = FOLDER.parent
REHEARSAL = str(Path(sys.executable).with_name("mlops-rehearsal"))
SECONDS = 100


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder to put first on Python's path; the documents in it may be broken."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(FOLDER, tmp_path / "infra_policies", ignore=ignored)
    shutil.copytree(REPOSITORY / "docs", tmp_path / "docs")
    return tmp_path


def break_by_hand(copy: Path, document: str, sid: str, **change: object) -> None:
    """Change a statement; take it away when no change is given."""
    path = copy / "infra_policies" / "documents" / f"{document}.json"
    policy = json.loads(path.read_text(encoding="utf-8"))
    statement = next(each for each in policy["Statement"] if each["Sid"] == sid)
    if change:
        statement.update(change)
    else:
        policy["Statement"].remove(statement)
    path.write_text(json.dumps(policy, indent=2), encoding="utf-8")


def run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_the_copy_passes_as_it_is(copy: Path) -> None:
    assert run(copy, "-m", "cloud_publisher.policies", "--check").returncode == 0
    assert run(copy, "-m", "cloud_publisher", "policies", "lint", "--config", str(EXAMPLE)).returncode == 0


def test_a_statement_taken_away_is_missed_by_the_templates(copy: Path) -> None:
    break_by_hand(copy, "deploy-role", "FollowTheJobs")
    checked = run(copy, "-m", "cloud_publisher.policies", "--check")
    assert checked.returncode == 1
    assert "target-account.yaml" in checked.stdout + checked.stderr


def test_a_resource_made_a_star_is_named_by_the_lint(copy: Path) -> None:
    break_by_hand(copy, "token-exchange-role", "ReadArtifacts", Resource="*")
    linted = run(copy, "-m", "cloud_publisher", "policies", "lint", "--config", str(EXAMPLE))
    assert linted.returncode == 1
    assert "token-exchange-role: error wildcard-resource: ReadArtifacts: " in linted.stdout


@pytest.mark.policies
def test_a_statement_taken_away_stops_the_release_and_its_action_is_named(copy: Path) -> None:
    break_by_hand(copy, "build-role", "ReadTheRegistry")
    folder = copy / "run"
    proven = run(copy, REHEARSAL, "prove-policies", "--repository", str(REPOSITORY), "--folder", str(folder))
    assert proven.returncode == 1
    assert "build ended with" in proven.stderr
    assert "sagemaker:ListModelPackages" in proven.stderr
