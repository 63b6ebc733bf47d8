"""The templates' parameter files, from ``stages:``, for ``aws cloudformation deploy --parameter-overrides``.

Pure: the config in, documents out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cloud_publisher.errors import InvalidDocumentError
from cloud_publisher.policies.parameters import (
    TOKEN_EXCHANGE_ROLE,
    component_prefix,
    group_name,
    model_bucket_arns,
    model_data_arns,
    model_package_arns,
    model_prefixes,
    reader_roles,
    stage_parameters,
)
from cloud_publisher.policies.stages import partition_of, stage_diagnostics, unknown_stage
from shared_schema.config import Config
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents import Document
from shared_schema.stages import DEV_STAGE, Stage

PIPELINE_STAGES = ("dev", "preprod", "prod")
"""The stages of the pipeline in dev-account.yaml, in their order."""


@dataclass(frozen=True, slots=True)
class StackParameters:
    """The parameters of one template in one account."""

    template: str
    account: str
    region: str
    values: Mapping[str, str]

    def as_json(self) -> list[dict[str, str]]:
        """In the form that ``aws cloudformation create-stack --parameters file://…`` reads.

        The AWS CLI 2's ``deploy --parameter-overrides file://…`` reads it too; version 1's takes ``Key=value`` alone.
        """
        return [{"ParameterKey": key, "ParameterValue": value} for key, value in self.values.items()]


def stack_parameters(document: Document[Config], stage_name: str, *, bucket: str | None) -> list[StackParameters]:
    """Return the parameters of every template of the stage's account. Raises ``InvalidDocumentError``.

    For ``dev`` without a KMS key, only those of dev-account.yaml: its stack creates the key, which the others need.
    """
    config = document.value
    faults = stage_diagnostics(document)
    unknown = unknown_stage(document, stage_name) if config.stages else None
    faults += [unknown] if unknown else []
    if faults:
        raise InvalidDocumentError(faults)
    stage, dev = config.stages[stage_name], config.stages[DEV_STAGE]
    stacks: list[StackParameters] = []
    if stage_name == DEV_STAGE:
        stacks.append(_dev_account(document, dev, bucket or config.artifact_bucket))
        if dev.key is None:
            return stacks
    stacks.append(_target_account(document, stage_name, bucket))
    values = stage_parameters(document, stage_name, bucket=bucket)
    health = {name: values.text(name) for name in ("Application", "ThingGroup")} | _canary(stage)
    stacks.append(StackParameters("fleet-health.yaml", stage.account, stage.region, health))
    return stacks


def _dev_account(document: Document[Config], dev: Stage, bucket: str | None) -> StackParameters:
    config = document.value
    faults: list[Diagnostic] = []
    for name in PIPELINE_STAGES:
        stage = config.stages.get(name)
        if stage is None:
            faults.append(
                document.diagnostic(
                    ("stages",), f"there is no stage {name!r}", "add it: the pipeline goes by dev, preprod, prod"
                )
            )
        elif stage.role is None:
            faults.append(
                document.diagnostic(
                    ("stages", name),
                    "has no role and external-id",
                    "add both: the pipeline deploys by the stage's role",
                )
            )
    packages = model_package_arns(config, dev)
    if not packages:
        faults.append(
            document.diagnostic(
                ("custom-components",),
                "no model is sagemaker-managed, and an approved package is what starts the pipeline",
                "give a component a model: with sagemaker-managed: true and its package-group",
            )
        )
    prefix = component_prefix(config)
    if not bucket or not prefix:
        # Same message as for rendering, whose check finds both faults.
        stage_parameters(document, DEV_STAGE, bucket=bucket)
    if faults:
        raise InvalidDocumentError(faults)
    partition = partition_of(dev.region)
    values = {
        "ArtifactBucketName": str(bucket),
        "ComponentPrefix": prefix,
        "ModelPackageGroups": ",".join(arn.split("/")[1] for arn in packages),
        "ModelPackageArns": ",".join(packages),
        "ModelDataArns": ",".join(model_data_arns(dev, str(bucket))),
        "ModelBucketArns": ",".join(model_bucket_arns(dev, str(bucket))),
        "ModelPrefixes": ",".join(model_prefixes(dev, str(bucket))),
        "ReaderAccountArns": ",".join(f"arn:{partition}:iam::{each.account}:root" for each in config.stages.values()),
        "ReaderRoleArns": ",".join(arn for each in config.stages.values() for arn in reader_roles(each)),
        "DeployRoleArns": ",".join(each.role for each in config.stages.values() if each.role),
    }
    for name in PIPELINE_STAGES:
        stage = config.stages[name]
        values |= {
            f"{name.capitalize()}RoleArn": stage.role or "",
            f"{name.capitalize()}ExternalId": stage.external_id or "",
            f"{name.capitalize()}TargetArn": stage.target,
            **({f"{name.capitalize()}CanaryArn": stage.canary} if stage.canary else {}),
        }
    values |= _source(dev)
    return StackParameters("dev-account.yaml", dev.account, dev.region, values)


def _source(dev: Stage) -> dict[str, str]:
    """Return where the pipeline gets the repository from; the template's defaults replace what is not given."""
    source = dev.source
    if source is None:
        return {}
    named = {
        "ConnectionArn": source.connection,
        "RepositoryId": source.repository,
        "BranchName": source.branch,
        "SourceBucket": source.bucket,
        "SourceKey": source.key,
    }
    return {name: value for name, value in named.items() if value is not None}


def _canary(stage: Stage) -> dict[str, str]:
    return {"CanaryGroup": group_name(stage.canary)} if stage.canary else {}


def _target_account(document: Document[Config], stage_name: str, bucket: str | None) -> StackParameters:
    stage = document.value.stages[stage_name]
    parameters = stage_parameters(document, stage_name, bucket=bucket)
    faults: list[Diagnostic] = []
    roles = {"role": stage.role or "", "bucket-access": (stage.bucket_access or [f":role/{TOKEN_EXCHANGE_ROLE}"])[0]}
    names: dict[str, str] = {}
    for key, arn in roles.items():
        names[key] = arn.split(":role/", 1)[-1]
        if "/" in names[key]:
            faults.append(
                document.diagnostic(
                    ("stages", stage_name, key),
                    f"{arn} has a path, and target-account.yaml makes roles without one",
                    "take the path out, or make the role by a stack of your own from `cloud-publisher policies render`",
                )
            )
    if faults:
        raise InvalidDocumentError(faults)
    taken = (
        "DevAccount",
        "ArtifactBucket",
        "ArtifactRegion",
        "ArtifactKeyArn",
        "PipelineRoleArn",
        "ExternalId",
        "ComponentPrefix",
        "Application",
        "ThingGroup",
        "RoleAlias",
        "OperatorArn",
    )
    values = {name: parameters.text(name) for name in taken}
    values |= _canary(stage)
    values |= {"DeployRoleName": names["role"], "TokenExchangeRoleName": names["bucket-access"]}
    return StackParameters("target-account.yaml", stage.account, stage.region, values)
