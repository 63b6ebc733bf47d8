"""A process of its own: a cloud that enforces permissions; its accounts have the policies of ``infra_policies``.

``python enforced_cloud.py STATE`` writes ``STATE/enforced.json`` when all is there, and ends with its standard input.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from greengrass_emulator.cloud.api_errors import AccessDeniedException
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import ROLE_ALIAS, THING_POLICY, TOKEN_EXCHANGE_ROLE, provision_device
from greengrass_emulator.cloud.seeding import create_package_group, create_thing_group

from infra_policies import EXAMPLE

BUCKET = "example-artifacts"
CODEBUILD = "codebuild.amazonaws.com"
DEV = "111111111111"
STAGES = ("dev", "preprod", "prod")
LINE = tuple(f"line-{number:02}" for number in range(11))
"""One more than are read one by one, whatever there is to ask."""
ROLES = {
    "build-role": "MlopsBuildRole",
    "deploy-role": "MlopsDeployRole",
    "operator-role": "MlopsOperatorRole",
    "pipeline-role": "MlopsPipelineRole",
    "token-exchange-role": TOKEN_EXCHANGE_ROLE,
}


def main(state: Path) -> None:
    with Cloud(folder=state, recording=state / "calls.jsonl") as cloud:
        key = make_key_and_buckets(cloud)
        config = write_config(state / "greengrass-config.yml", key)
        for stage in STAGES:
            for policy in render(config, stage):
                attach(cloud, policy, key)
            account = cloud.endpoints(stage).account.id
            role = f"arn:aws:iam::{account}:role/{TOKEN_EXCHANGE_ROLE}"
            cloud.client("iot", account=stage).create_role_alias(roleAlias=ROLE_ALIAS, roleArn=role)
            create_thing_group(cloud, "fleet", account=stage)
        for group in ("another-teams", "canary"):
            create_thing_group(cloud, group, account="prod")
        for thing, group in (("camera", "fleet"), ("neighbour", "fleet"), ("first", "canary")):
            provision_device(cloud, state / thing, account="prod", thing=thing, groups=(group,))
        create_thing_group(cloud, "line", account="prod")
        for thing in LINE:
            provision_device(cloud, state / thing, account="prod", thing=thing, groups=("line",))
        project = f"arn:aws:codebuild:{cloud.region}:{DEV}:project/mlops-"
        answer = {
            "key": key,
            "build": service_environment(cloud, "MlopsBuildRole", f"{project}build"),
            "pipeline": service_environment(cloud, "MlopsPipelineRole", f"{project}deploy-prod"),
            "deputy of another account": service_environment(
                cloud, "MlopsBuildRole", f"arn:aws:codebuild:{cloud.region}:222222222222:project/mlops-build"
            ),
            "deputy of another project": service_environment(cloud, "MlopsBuildRole", f"{project}of-somebody-else"),
        }
        path = state / "enforced.json"
        path.with_suffix(".part").write_text(json.dumps(answer))
        path.with_suffix(".part").replace(path)
        sys.stdin.read()


def make_key_and_buckets(cloud: Cloud) -> str:
    kms, s3 = cloud.client("kms"), cloud.client("s3")
    key = str(kms.create_key(Description="artifacts")["KeyMetadata"]["Arn"])
    where = {"LocationConstraint": cloud.region}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,
    }
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=BUCKET, Key="reports/secret.txt", Body=b"outside the prefix")
    models = f"sagemaker-{cloud.region}-{DEV}"
    s3.create_bucket(Bucket=models, CreateBucketConfiguration=where)
    s3.put_object(Bucket=models, Key="digits/model.tar.gz", Body=b"a model")
    create_package_group(cloud, "digits")
    cloud.client("sagemaker").create_model_package(
        ModelPackageGroupName="digits",
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": "none", "ModelDataUrl": f"s3://{models}/digits/model.tar.gz"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )
    return key


def write_config(path: Path, key: str) -> Path:
    config = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    config["stages"]["dev"]["key"] = key
    for stage in config["stages"].values():
        stage["role-alias"] = ROLE_ALIAS
        stage["bucket-access"] = [f"arn:aws:iam::{stage['account']}:role/{TOKEN_EXCHANGE_ROLE}"]
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


def render(config: Path, stage: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "cloud_publisher", "policies", "render", "--stage", stage, "--json"]
    done = subprocess.run([*command, "--config", str(config)], capture_output=True, text=True, check=True)
    policies: list[dict[str, Any]] = json.loads(done.stdout)["policies"]
    return sorted(policies, key=lambda policy: policy["kind"] != "trust")  # a role begins with its trust


def attach(cloud: Cloud, policy: Mapping[str, Any], key: str) -> None:
    account = next(each.name for each in cloud.accounts if each.id == policy["account"])
    iam, document = cloud.client("iam", account=account), json.dumps(policy["document"])
    name = policy["name"]
    match policy["kind"]:
        case "trust":
            role = ROLES[name.removesuffix(".trust")]
            try:
                iam.create_role(RoleName=role, AssumeRolePolicyDocument=document)
            except iam.exceptions.EntityAlreadyExistsException:
                iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
        case "identity":
            iam.put_role_policy(RoleName=ROLES[name], PolicyName=name, PolicyDocument=document)
        case "iot":
            cloud.client("iot", account=account).create_policy(policyName=THING_POLICY, policyDocument=document)
        case "bucket":
            cloud.client("s3", account=account).put_bucket_policy(Bucket=BUCKET, Policy=document)
        case "key":
            cloud.client("kms", account=account).put_key_policy(KeyId=key, PolicyName="default", Policy=document)


def service_environment(cloud: Cloud, role: str, source: str) -> dict[str, str] | None:
    try:
        return cloud.service_environment(f"arn:aws:iam::{DEV}:role/{role}", service=CODEBUILD, source_arn=source)
    except AccessDeniedException:
        return None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
