"""The CloudFormation templates are valid and tagged, delete no data, and get every parameter that they ask for."""

import json
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra_policies import CLOUDFORMATION, document_path
from rehearsal.pipeline import BUCKET_VARIABLE, RELEASE, SOURCE

TEMPLATES = sorted(path.name for path in CLOUDFORMATION.glob("*.yaml"))
KEPT = {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::KMS::Alias", "AWS::IoT::ThingGroup", "AWS::IoT::Policy"}
UNTAGGED = {
    "AWS::CloudWatch::Dashboard",
    "AWS::KMS::Alias",
    "AWS::S3::BucketPolicy",
    "Custom::FleetIndex",
}


class Loader(yaml.SafeLoader):
    """Reads a template. CloudFormation's short forms become the long ones."""


def _long_form(loader: Loader, suffix: str, node: yaml.Node) -> Any:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", _long_form)


def template(name: str) -> dict[str, Any]:
    loaded = yaml.load((CLOUDFORMATION / name).read_text(encoding="utf-8"), Loader)  # noqa: S506 - a SafeLoader
    assert isinstance(loaded, dict)
    return loaded


def test_cfn_lint_finds_nothing() -> None:
    files = [str(CLOUDFORMATION / name) for name in TEMPLATES]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), "--", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_each_project_gives_the_variables_that_a_rehearsal_gives_and_keeps_the_cache() -> None:
    resources = template("dev-account.yaml")["Resources"].values()
    projects = {
        each["Properties"]["Name"]: each["Properties"] for each in resources if each["Type"].endswith("::Project")
    }
    assert len(projects) == 4
    for name, project in projects.items():
        given = [each.get("Fn::If", ["", each])[1]["Name"] for each in project["Environment"]["EnvironmentVariables"]]
        deploys = {"ROLE_TARGET", "EXTERNAL_ID", "TARGET_ARN", "CANARY"} if "-deploy-" in name else set()
        assert set(given) == {BUCKET_VARIABLE, *deploys}, name
        # The buildspecs say what is kept; without this nothing is.
        assert project["Cache"] == {"Type": "LOCAL", "Modes": ["LOCAL_CUSTOM_CACHE"]}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_resource_that_takes_tags_has_ours(name: str) -> None:
    untagged = [
        logical
        for logical, resource in template(name)["Resources"].items()
        if resource["Type"] not in UNTAGGED
        and not any(tag["Key"] == "mlops:part" for tag in resource["Properties"].get("Tags", []))
    ]
    assert not untagged


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_holds_artifacts_or_devices_outlives_its_stack(name: str) -> None:
    for logical, resource in template(name)["Resources"].items():
        if resource["Type"] in KEPT:
            assert resource.get("DeletionPolicy") == "Retain", logical
            assert resource.get("UpdateReplacePolicy") == "Retain", logical


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_text_parameter_has_a_pattern_and_a_description(name: str) -> None:
    for logical, parameter in template(name)["Parameters"].items():
        assert parameter["Description"], logical
        if parameter["Type"] in {"String", "CommaDelimitedList"}:
            re.compile(parameter["AllowedPattern"])


def test_no_artifact_of_the_bucket_ever_expires() -> None:
    rules = template("dev-account.yaml")["Resources"]["ArtifactBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert not [rule for rule in rules if set(rule) & {"ExpirationInDays", "NoncurrentVersionExpiration"}]


def test_the_pipeline_goes_by_two_approvals_and_starts_by_an_approved_model_alone() -> None:
    resources = template("dev-account.yaml")["Resources"]
    stages = [stage["Name"] for stage in resources["Pipeline"]["Properties"]["Stages"]]
    assert stages == ["Source", "Build", "Dev", "ApprovePreprod", "Preprod", "ApproveProd", "Prod"]
    _, *sources = resources["Pipeline"]["Properties"]["Stages"][0]["Actions"][0]["Fn::If"]
    assert sources[0]["Configuration"]["DetectChanges"] == "false"
    assert sources[1]["Configuration"]["PollForSourceChanges"] == "false"
    pattern = resources["ApprovedModel"]["Properties"]["EventPattern"]
    assert pattern["detail-type"] == ["SageMaker Model Package State Change"]
    assert pattern["detail"]["ModelApprovalStatus"] == ["Approved"]
    rules = [each for each in resources.values() if each["Type"] == "AWS::Events::Rule"]
    assert len(rules) == 1


def test_the_projects_run_the_two_buildspecs_under_the_roles_that_trust_them() -> None:
    resources = template("dev-account.yaml")["Resources"]
    projects = {
        each["Properties"]["Name"]: (
            each["Properties"]["Source"]["BuildSpec"],
            each["Properties"]["ServiceRole"]["Fn::GetAtt"],
        )
        for each in resources.values()
        if each["Type"] == "AWS::CodeBuild::Project"
    }
    deploy = ("buildspec.deploy.yml", "PipelineRole.Arn")
    assert projects == {
        "mlops-build": ("buildspec.build.yml", "BuildRole.Arn"),
        "mlops-deploy-dev": deploy,
        "mlops-deploy-preprod": deploy,
        "mlops-deploy-prod": deploy,
    }
    for name in ("build-role.trust", "pipeline-role.trust"):
        condition = json.loads(document_path(name).read_text())["Statement"][0]["Condition"]
        project = condition["ArnLike"]["aws:SourceArn"].rpartition("/")[2]
        assert any(re.fullmatch(project.replace("*", ".*"), each) for each in projects)


def test_a_deploy_action_runs_the_source_and_has_the_release_beside_it() -> None:
    resources = template("dev-account.yaml")["Resources"]
    stages = {each["Name"]: each["Actions"][0] for each in resources["Pipeline"]["Properties"]["Stages"]}
    assert stages["Build"]["InputArtifacts"] == [{"Name": SOURCE}]
    assert stages["Build"]["OutputArtifacts"] == [{"Name": RELEASE}]
    for name in ("Dev", "Preprod", "Prod"):
        project = f"Deploy{name}Project"
        assert stages[name]["Configuration"] == {"ProjectName": {"Ref": project}, "PrimarySource": SOURCE}
        assert stages[name]["InputArtifacts"] == [{"Name": SOURCE}, {"Name": RELEASE}]
        assert "OutputArtifacts" not in stages[name]
        # What the release must say of its bucket is said by the project, which the build cannot change.
        variables = {
            each["Name"]: each["Value"]
            for each in resources[project]["Properties"]["Environment"]["EnvironmentVariables"]
            if "Name" in each
        }
        assert variables["ARTIFACT_BUCKET"] == {"Ref": "ArtifactBucketName"}


def test_the_build_writes_its_own_output_and_neither_the_source_nor_anything_else_of_the_pipeline_s() -> None:
    bucket = "arn:aws:s3:::mlops-pipeline-111111111111-eu-west-1"
    source, release = (f"{bucket}/mlops-at-edge/{output}/aB3dE5g" for output in (SOURCE, RELEASE))
    others = (f"{bucket}/another/{RELEASE}/aB3dE5g", f"{bucket}/mlops-at-edge/{SOURCE}/{RELEASE}/aB3dE5g")
    assert allowed("BuildRole", "s3:PutObject", source, release, *others) == [release]
    assert allowed("BuildRole", "s3:GetObject", source, release, *others) == [source, others[1]]
    assert allowed("PipelineRole", "s3:PutObject", source, release, *others) == []
    assert allowed("PipelineRole", "s3:GetObject", source, release, others[0]) == [source, release]


def allowed(role: str, action: str, *objects: str) -> list[str]:
    """Those of the objects on which the role's policy for CodeBuild allows the action."""
    policies = template("dev-account.yaml")["Resources"][role]["Properties"]["Policies"]
    (codebuild,) = [each["PolicyDocument"] for each in policies if each["PolicyName"] == "codebuild"]
    patterns = []
    for statement in codebuild["Statement"]:
        assert statement["Effect"] == "Allow"
        actions, resources = (
            each if isinstance(each, list) else [each] for each in (statement["Action"], statement["Resource"])
        )
        assert not any("*" in each for each in actions)
        if action in actions:
            patterns += [filled(each["Fn::Sub"]) for each in resources]
    return [each for each in objects if any(fnmatchcase(each, pattern) for pattern in patterns)]


def filled(text: str) -> str:
    values = {"Partition": "aws", "AccountId": "111111111111", "Region": "eu-west-1"}
    return re.sub(r"\$\{AWS::(\w+)\}", lambda found: values[found[1]], text)


@pytest.mark.parametrize("stage", ["dev", "preprod", "prod"])
def test_the_parameters_of_a_stage_are_what_its_templates_ask_for(
    publisher: Any, config: Path, tmp_path: Path, stage: str
) -> None:
    out = tmp_path / "out"
    answer = publisher("policies", "parameters", "--stage", stage, "--config", config, "--out", out)
    assert answer.exit_code == 0, answer.err
    written = {path.name: json.loads(path.read_text()) for path in out.iterdir()}
    wanted = {"target-account", "fleet-health", *(["dev-account"] if stage == "dev" else [])}
    assert set(written) == {f"{stage}.{name}.json" for name in wanted}
    for name in wanted:
        asked = template(f"{name}.yaml")["Parameters"]
        given = {each["ParameterKey"]: each["ParameterValue"] for each in written[f"{stage}.{name}.json"]}
        assert set(given) <= set(asked)
        assert {key for key, parameter in asked.items() if "Default" not in parameter} <= set(given)
        for key, value in given.items():
            values = value.split(",") if asked[key]["Type"] == "CommaDelimitedList" else [value]
            assert all(re.search(asked[key]["AllowedPattern"], each) for each in values), key


def test_the_pipeline_wants_its_three_stages(publisher: Any, edited: Any) -> None:
    config = edited("  preprod:\n", "  staging:\n")
    answer = publisher("policies", "parameters", "--stage", "dev", "--config", config)
    assert answer.exit_code == 2
    assert "there is no stage 'preprod'" in answer.err


def test_a_role_with_a_path_is_none_of_the_templates(publisher: Any, edited: Any) -> None:
    config = edited("333333333333:role/MlopsDeployRole", "333333333333:role/teams/MlopsDeployRole")
    answer = publisher("policies", "parameters", "--stage", "prod", "--config", config)
    assert answer.exit_code == 2
    assert "stages.prod.role" in answer.err
    assert "has a path" in answer.err
