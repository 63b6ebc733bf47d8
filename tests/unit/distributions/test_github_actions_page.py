"""The workflow of docs/github-actions.md runs what the buildspecs of `init` run, with the same variables."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.buildspec import Buildspec, read_buildspec
from rehearsal.pipeline import DIST, RELEASE

REPOSITORY = Path(__file__).parents[3]
PAGE = (REPOSITORY / "docs" / "github-actions.md").read_text(encoding="utf-8")
TEMPLATES = REPOSITORY / "cloud_publisher" / "initialising" / "templates"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def workflows() -> dict[str, dict[str, Any]]:
    # BaseLoader: YAML 1.1 would make a truth value of the key `on`.
    found = [yaml.load(block, yaml.BaseLoader) for block in blocks("yaml")]  # noqa: S506 - it makes texts only
    return {each["name"]: each for each in found}


def commands(spec: Buildspec) -> list[str]:
    phases = (spec.phases.install, spec.phases.pre_build, spec.phases.build, spec.phases.post_build)
    return [command for phase in phases if phase for command in phase.commands]


def jobs() -> dict[str, dict[str, Any]]:
    found = workflows()
    return {"build": found["release"]["jobs"]["build"], "deploy": found["deploy"]["jobs"]["deploy"]}


def step(job: dict[str, Any], action: str) -> dict[str, Any]:
    (found,) = [each for each in job["steps"] if each.get("uses", "").startswith(f"{action}@")]
    return dict(found["with"])


@pytest.mark.parametrize("name", ["build", "deploy"])
def test_each_job_runs_the_lines_of_its_buildspec_and_no_other(name: str) -> None:
    lines = [each["run"] for each in jobs()[name]["steps"] if "run" in each]
    assert lines == commands(read_buildspec(TEMPLATES / f"buildspec.{name}.yml"))


def test_only_what_the_build_hands_over_reaches_a_deploy_job_where_its_buildspec_looks_for_it() -> None:
    handed_over = read_buildspec(TEMPLATES / "buildspec.build.yml").artifacts
    assert handed_over is not None
    uploaded, downloaded = (
        step(jobs()["build"], "actions/upload-artifact"),
        step(jobs()["deploy"], "actions/download-artifact"),
    )
    assert uploaded["path"].split() == handed_over.files
    # An artifact's paths begin below what all of them have in common, which is dist/.
    assert all(each.startswith(f"{DIST}/") for each in handed_over.files)
    assert downloaded == {"name": uploaded["name"], "path": f"${{{{ runner.temp }}}}/release/{DIST}"}
    given = [each.get("env") for each in jobs()["deploy"]["steps"] if "cloud-publisher " in each.get("run", "")][1:]
    assert given == [{f"CODEBUILD_SRC_DIR_{RELEASE}": "${{ runner.temp }}/release"}] * 2


def test_jobs_have_the_variables_that_codebuild_projects_have() -> None:
    assert set(jobs()["build"]["env"]) == {"ARTIFACT_BUCKET"}
    assert set(jobs()["deploy"]["env"]) == {"ARTIFACT_BUCKET", "TARGET_ARN", "ROLE_TARGET", "EXTERNAL_ID", "CANARY"}
    for name, job in jobs().items():
        assert job["permissions"] == {"id-token": "write", "contents": "read"}, name
        assert set(step(job, "aws-actions/configure-aws-credentials")) == {"role-to-assume", "aws-region"}
    assert workflows()["release"]["permissions"] == {}


def test_accounts_come_one_after_the_other_each_behind_its_environment() -> None:
    stages = {name: job for name, job in workflows()["release"]["jobs"].items() if name != "build"}
    assert [(name, job["needs"], job["with"]["stage"]) for name, job in stages.items()] == [
        ("dev", "build", "dev"),
        ("preprod", "dev", "preprod"),
        ("prod", "preprod", "prod"),
    ]
    assert {job["uses"] for job in stages.values()} == {"./.github/workflows/deploy.yml"}
    # A called workflow has no more permissions than its caller.
    assert all(job["permissions"] == {"id-token": "write", "contents": "read"} for job in stages.values())
    assert jobs()["deploy"]["environment"] == "${{ inputs.stage }}"


def test_both_roles_trust_one_repository_and_no_pattern_of_it() -> None:
    of_build, of_pipeline = (json.loads(block)["Statement"][0]["Condition"] for block in blocks("json"))
    assert set(of_build) == set(of_pipeline) == {"StringEquals"}
    key = "token.actions.githubusercontent.com"
    subjects = [of_build["StringEquals"][f"{key}:sub"], *of_pipeline["StringEquals"][f"{key}:sub"]]
    assert not any("*" in each for each in subjects)
    assert [each.rpartition(":")[2] for each in subjects[1:]] == ["dev", "preprod", "prod"]
    assert {of_build["StringEquals"][f"{key}:aud"], of_pipeline["StringEquals"][f"{key}:aud"]} == {"sts.amazonaws.com"}
