"""What an operator sets up once in each account, for rehearsals and tests, by boto3 clients.

Running a function twice changes nothing. The real accounts get the same from the templates in ``infra_policies``.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import ensure_thing_group, ensure_token_exchange

DEPLOY_ROLE = "MlopsDeployRole"
DEFAULT_EXTERNAL_ID = "mlops-at-edge"


@dataclass(frozen=True, slots=True)
class SeededCloud:
    """The accounts' resources after ``seed_cloud``: the bucket is dev's, the roles are by account name."""

    bucket: str
    package_group: str
    deploy_role_arns: dict[str, str]
    external_id: str


def seed_cloud(
    cloud: Cloud,
    *,
    bucket: str = "mlops-artifacts",
    package_group: str = "digits",
    external_id: str = DEFAULT_EXTERNAL_ID,
    dev: str = "dev",
) -> SeededCloud:
    """Create deploy and token-exchange roles in every account; in dev also artifact bucket and package group."""
    account_ids = [account.id for account in cloud.accounts]
    for account in cloud.accounts:
        ensure_token_exchange(cloud.client("iam", account=account.name), cloud.client("iot", account=account.name))
    roles = {
        account.name: create_deploy_role(cloud, account=account.name, dev=dev, external_id=external_id)
        for account in cloud.accounts
    }
    create_artifact_bucket(cloud, bucket, account_ids, dev=dev)
    create_package_group(cloud, package_group, dev=dev)
    return SeededCloud(bucket, package_group, roles, external_id)


def create_deploy_role(cloud: Cloud, *, account: str, dev: str = "dev", external_id: str = DEFAULT_EXTERNAL_ID) -> str:
    """Create the role that dev's pipeline assumes in an account, with an external id. Return its ARN."""
    iam = cloud.client("iam", account=account)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{cloud.endpoints(dev).account.id}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }
    try:
        role = iam.create_role(RoleName=DEPLOY_ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName=DEPLOY_ROLE)
    return str(role["Role"]["Arn"])


def create_artifact_bucket(cloud: Cloud, bucket: str, reader_account_ids: Iterable[str], *, dev: str = "dev") -> None:
    """Create dev's artifact bucket, versioned, with a policy that allows the accounts a nucleus's downloads."""
    s3 = cloud.client("s3", account=dev)
    if bucket not in {known["Name"] for known in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": cloud.region})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    readers = {"AWS": [f"arn:aws:iam::{account_id}:root" for account_id in reader_account_ids]}
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": readers,
                "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
                "Resource": f"arn:aws:s3:::{bucket}",
            },
            {
                "Effect": "Allow",
                "Principal": readers,
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": f"arn:aws:s3:::{bucket}/artifacts/greengrass/*",
            },
        ],
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def create_package_group(cloud: Cloud, name: str, *, dev: str = "dev") -> None:
    """Create dev's model package group."""
    sagemaker = cloud.client("sagemaker", account=dev)
    groups = sagemaker.list_model_package_groups(NameContains=name)["ModelPackageGroupSummaryList"]
    if name not in {group["ModelPackageGroupName"] for group in groups}:
        sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription=name)


def create_thing_group(cloud: Cloud, name: str, *, account: str) -> str:
    """Create a thing group, a deployment target. Return its ARN."""
    return ensure_thing_group(cloud.client("iot", account=account), name)
