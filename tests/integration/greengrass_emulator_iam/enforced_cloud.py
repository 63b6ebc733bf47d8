"""A process of its own: a cloud that enforces permissions; its accounts have the policies of ``infra_policies``.

``python enforced_cloud.py STATE`` writes ``STATE/enforced.json`` when all is there, and ends with its standard input.
"""

import json
import subprocess
import sys
from pathlib import Path

from greengrass_emulator.cloud.api_errors import AccessDeniedException
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import DevicePolicies, provision_device
from greengrass_emulator.cloud.seeding import create_package_group, create_thing_group
from greengrass_emulator.iam.rendered import ROLE_ALIAS, THING_POLICY, Attached, attach_policies, read_stage
from infra_policies import EXAMPLE

BUCKET = "example-artifacts"
CODEBUILD = "codebuild.amazonaws.com"
DEV = "111111111111"
EXAMPLE_KEY = "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555"


def main(state: Path) -> None:
    with Cloud(folder=state, recording=state / "calls.jsonl") as cloud:
        key = make_key_and_buckets(cloud)
        config = state / "greengrass-config.yml"
        config.write_text(EXAMPLE.read_text(encoding="utf-8").replace(EXAMPLE_KEY, key), encoding="utf-8")
        stages = [render(config, state, name) for name in ("dev", "preprod", "prod")]
        names = {account.id: account.name for account in cloud.accounts}
        attach_policies(
            [read_stage(text) for text in stages],
            Attached(BUCKET, key, cloud.region),
            lambda service, account: cloud.client(service, account=names[account]),
        )
        for account in cloud.accounts:
            create_thing_group(cloud, "fleet", account=account.name)
        create_thing_group(cloud, "another-teams", account="prod")
        for thing in ("camera", "neighbour"):
            provision_device(
                cloud,
                state / thing,
                account="prod",
                thing=thing,
                groups=("fleet",),
                policies=DevicePolicies(ROLE_ALIAS, THING_POLICY),
            )
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


def render(config: Path, state: Path, stage: str) -> str:
    command = [sys.executable, "-m", "cloud_publisher", "policies", "render", "--stage", stage, "--json"]
    done = subprocess.run([*command, "--config", str(config)], capture_output=True, text=True, check=True)
    (state / f"{stage}.json").write_text(done.stdout)
    return done.stdout


def service_environment(cloud: Cloud, role: str, source: str) -> dict[str, str] | None:
    try:
        return cloud.service_environment(f"arn:aws:iam::{DEV}:role/{role}", service=CODEBUILD, source_arn=source)
    except AccessDeniedException:
        return None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
