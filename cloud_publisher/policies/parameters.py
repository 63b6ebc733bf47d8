"""The named parameters of the policies, from ``stages:`` and the rest of the config.

A list replaces a string that is the parameter and nothing else.

Partition          the partition of the ARNs: aws, aws-cn or aws-us-gov
UrlSuffix          the domain of the partition's services: amazonaws.com, in China amazonaws.com.cn
Region             the stage's region
DevAccount         the account that has the artifact bucket, its key, the model registry and the pipeline
TargetAccount      the stage's account
ArtifactBucket     the dev account's bucket of artifacts
ArtifactRegion     the dev account's region, where bucket, key and registry are
ArtifactKeyArn     the key that the bucket is encrypted with
ModelPackageArns   a list: the versions of the model package groups that the config names
ModelDataArns      a list: where in S3 their data is
ModelBucketArns    a list: the buckets of that data
ModelPrefixes      a list: the prefixes of that data, as s3:prefix is compared with them
ComponentPrefix    what the names of our components begin with, up to a dot
Application        the first level of the fleet's topics
ThingGroup         the name of the thing group that is deployed to
CanaryGroupArns    a list: the thing group that gets a release first, where the stage has one
PipelineRoleArn    the dev account's role that assumes the deploy roles
DeployRoleArns     a list: the deploy role of each stage
ExternalId         what the stage's deploy role asks for besides
OperatorArn        who may assume the operator's role: a role's ARN, or a pattern of one
RoleAlias          the role alias through which devices take their role
ReaderAccountArns  a list: the root of each stage's account, which conditions hold to the roles below
ReaderRoleArns     a list: the roles that read artifacts: each stage's deploy role and token-exchange roles
WriterRoleArns     a list: the dev account's roles that write to the bucket
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cloud_publisher.errors import InvalidDocumentError
from cloud_publisher.policies.stages import partition_of, stage_diagnostics, unknown_stage
from shared_schema.config import Config
from shared_schema.diagnostics import in_order
from shared_schema.documents import Document
from shared_schema.release import desired_component_name
from shared_schema.stages import DEV_STAGE, Stage

Value = str | tuple[str, ...]

BUILD_ROLE = "MlopsBuildRole"
PIPELINE_ROLE = "MlopsPipelineRole"
TOKEN_EXCHANGE_ROLE = "MlopsTokenExchangeRole"  # noqa: S105 - a role's name
OPERATORS = "MlopsOperators"
ROLE_ALIAS = "MlopsTokenExchange"


@dataclass(frozen=True, slots=True)
class Parameters:
    """The values that fill in the documents of one stage."""

    stage: str
    values: Mapping[str, Value]

    def text(self, name: str) -> str:
        """Return the value of a parameter that is no list."""
        value = self.values[name]
        if not isinstance(value, str):
            raise TypeError(f"{name} is a list")
        return value


def stage_parameters(document: Document[Config], stage_name: str, *, bucket: str | None = None) -> Parameters:
    """Return the parameters for a stage. ``bucket`` replaces the config's. Raises ``InvalidDocumentError``."""
    config = document.value
    faults = stage_diagnostics(document)
    unknown = unknown_stage(document, stage_name) if config.stages else None
    if unknown is not None:
        faults.append(unknown)
    artifact_bucket = bucket or config.artifact_bucket
    if artifact_bucket is None:
        faults.append(
            document.diagnostic(
                (),
                "there is no artifact bucket",
                "add artifact-bucket to the config, or set ARTIFACT_BUCKET or --bucket",
            )
        )
    prefix = component_prefix(config)
    if not prefix:
        faults.append(
            document.diagnostic(
                ("custom-components",),
                "the components' names have no beginning in common that ends with a dot",
                "begin each component-name with one namespace, such as com.example.: policies hold the pipeline to it",
            )
        )
    if faults:
        raise InvalidDocumentError(in_order(faults))
    dev, stage = config.stages[DEV_STAGE], config.stages[stage_name]
    _require_what_policies_name(document, stage_name, dev)
    partition = partition_of(stage.region)
    assert artifact_bucket is not None  # noqa: S101 - a fault was raised above
    return Parameters(
        stage_name,
        {
            **_of_dev(config, dev, artifact_bucket, partition),
            **_of_stage(stage, partition),
            "ComponentPrefix": prefix,
            "Application": config.application or "mlops",
            "DeployRoleArns": tuple(each.role for each in config.stages.values() if each.role),
            "ReaderAccountArns": tuple(f"arn:{partition}:iam::{each.account}:root" for each in config.stages.values()),
            "ReaderRoleArns": tuple(arn for each in config.stages.values() for arn in reader_roles(each)),
        },
    )


def component_prefix(config: Config) -> str:
    """Return the common start of all component names, with its last dot; empty if they share no namespace."""
    names = [component.component_name for component in config.custom_components.values()]
    names += [
        desired_component_name(component.component_name)
        for component in config.custom_components.values()
        if component.agent is not None
    ]
    shared = names[0]
    for name in names[1:]:
        shared = shared[: next((i for i, (a, b) in enumerate(zip(shared, name, strict=False)) if a != b), len(name))]
    return shared[: shared.rfind(".") + 1]


def reader_roles(stage: Stage) -> tuple[str, ...]:
    """Return the roles of a stage that read artifacts: its deploy role, and its devices' token-exchange roles."""
    partition = partition_of(stage.region)
    devices = stage.bucket_access or [f"arn:{partition}:iam::{stage.account}:role/{TOKEN_EXCHANGE_ROLE}"]
    return (*((stage.role,) if stage.role else ()), *devices)


def group_name(arn: str) -> str:
    """Return the name in a thing group's ARN."""
    return arn.split(":thinggroup/", 1)[1]


def _require_what_policies_name(document: Document[Config], stage_name: str, dev: Stage) -> None:
    faults = [
        document.diagnostic(
            ("stages", name),
            "has no role and external-id, and its deploy role's policies name both",
            "add role: the deploy role's ARN, and external-id: a text that nobody else uses",
        )
        for name, stage in document.value.stages.items()
        if stage.role is None and name in (stage_name, DEV_STAGE)
    ]
    if dev.key is None:
        faults.append(
            document.diagnostic(
                ("stages", DEV_STAGE),
                "has no key, and policies name the artifact bucket's key",
                "deploy dev-account.yaml first, and add its output ArtifactKeyArn as key",
            )
        )
    if faults:
        raise InvalidDocumentError(faults)


def model_package_arns(config: Config, dev: Stage) -> tuple[str, ...]:
    """Return the ARN patterns of the versions in the model package groups that the config names.

    ``ListModelPackages`` is granted on them too (SageMaker AI Developer Guide, cross-account model groups).
    """
    groups = {
        component.model.package_group
        for component in config.custom_components.values()
        if component.model is not None and component.model.package_group is not None
    }
    partition = partition_of(dev.region)
    return tuple(
        f"arn:{partition}:sagemaker:{dev.region}:{dev.account}:model-package/{group}/*" for group in sorted(groups)
    )


def model_data_arns(dev: Stage, bucket: str) -> tuple[str, ...]:
    """Return the ARN patterns of the objects that may be a model package's data."""
    prefixes = dev.model_data or [f"s3://{bucket}/models/"]
    return tuple(f"arn:{partition_of(dev.region)}:s3:::{prefix.removeprefix('s3://')}*" for prefix in prefixes)


def model_bucket_arns(dev: Stage, bucket: str) -> tuple[str, ...]:
    """Return the ARNs of the buckets with the data, which are listed if a package's data is a whole prefix."""
    return tuple(dict.fromkeys(arn.partition("/")[0] for arn in model_data_arns(dev, bucket)))


def model_prefixes(dev: Stage, bucket: str) -> tuple[str, ...]:
    """Return the prefixes of the data, as patterns."""
    return tuple(dict.fromkeys(arn.partition("/")[2] for arn in model_data_arns(dev, bucket)))


def _of_dev(config: Config, dev: Stage, bucket: str, partition: str) -> dict[str, Value]:
    assert dev.key is not None  # noqa: S101 - asked for above
    roles = f"arn:{partition}:iam::{dev.account}:role"
    return {
        "DevAccount": dev.account,
        "ArtifactBucket": bucket,
        "ArtifactRegion": dev.region,
        "ArtifactKeyArn": dev.key,
        "ModelPackageArns": model_package_arns(config, dev),
        "ModelDataArns": model_data_arns(dev, bucket),
        "ModelBucketArns": model_bucket_arns(dev, bucket),
        "ModelPrefixes": model_prefixes(dev, bucket),
        "PipelineRoleArn": f"{roles}/{PIPELINE_ROLE}",
        "WriterRoleArns": (f"{roles}/{BUILD_ROLE}",),
    }


def _of_stage(stage: Stage, partition: str) -> dict[str, Value]:
    return {
        "Partition": partition,
        "UrlSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
        "Region": stage.region,
        "TargetAccount": stage.account,
        "ThingGroup": group_name(stage.target),
        "CanaryGroupArns": (stage.canary,) if stage.canary else (),
        "ExternalId": stage.external_id or "",
        "OperatorArn": stage.operator or f"arn:{partition}:iam::{stage.account}:role/{OPERATORS}",
        "RoleAlias": stage.role_alias or ROLE_ALIAS,
    }
