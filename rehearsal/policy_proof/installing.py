"""Sets up the emulated accounts as the CloudFormation stacks do: stages in the config, a key, buckets, the policies.

The seeding's policies are removed. People use roles that are not ours; here there is one for operators.
"""

import json
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

from greengrass_emulator.cloud.accounts import AccessKey
from greengrass_emulator.cloud.clients import client_for
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.moto_memory.identities import ADMINISTRATOR, assume_role
from greengrass_emulator.cloud.provisioning import ROLE_ALIAS, TOKEN_EXCHANGE_ROLE
from greengrass_emulator.cloud.seeding import SeededCloud
from greengrass_emulator.iam.documents import PolicyKind, read_policy
from greengrass_emulator.iam.policy_sources import PolicySet

from rehearsal.policy_proof.rendered import (
    ROLE_NAMES,
    Attached,
    RenderedStage,
    attach_policies,
    policy_set,
)
from rehearsal.repository_config import read_config
from rehearsal.world import CANARY, GROUP
from shared_schema.json_value import JsonObject
from shared_schema.topics import SHADOW

OPERATORS = "MlopsOperators"
MODEL_BUCKET = "rehearsal-models"
_SESSION_SECONDS = 3600
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def role_arn(cloud: Cloud, document: str, account: str) -> str:
    """Return the ARN of a document's role, such as ``deploy-role``, in the account with this name."""
    return f"arn:aws:iam::{cloud.endpoints(account).account.id}:role/{ROLE_NAMES[document]}"


def write_config(
    repository: Path, folder: Path, cloud: Cloud, seeded: SeededCloud, *, canaries: Container[str], key_arn: str
) -> Path:
    """Write the repository's config with the emulated accounts as its stages. Return its path.

    ``canaries`` are the accounts that have a canary's thing group.
    """
    config = read_config(repository / "greengrass-config.yml")
    config.artifact_bucket = seeded.bucket
    config.stages = {}
    for account in cloud.accounts:
        groups = f"arn:aws:iot:{account.region}:{account.id}:thinggroup"
        stage: JsonObject = {
            "account": account.id,
            "region": account.region,
            "target": f"{groups}/{GROUP}",
            "role": seeded.deploy_role_arns[account.name],
            "external-id": seeded.external_id,
            "bucket-access": [f"arn:aws:iam::{account.id}:role/{TOKEN_EXCHANGE_ROLE}"],
            "role-alias": ROLE_ALIAS,
            "operator": _operators_arn(cloud, account.name),
        }
        if account.name in canaries:
            stage["canary"] = f"{groups}/{CANARY}"
        config.stages[account.name] = stage
    config.stages["dev"] |= {"key": key_arn, "model-data": [f"s3://{MODEL_BUCKET}/models/"]}
    path = folder / "greengrass-config.yml"
    config.write(path)
    return path


def make_key_and_model_bucket(cloud: Cloud, bucket: str) -> str:
    """Create the key, the artifact bucket encrypted with it, and a bucket for model data. Return the key's ARN."""
    kms, s3 = cloud.client("kms"), cloud.client("s3")
    key_arn = str(kms.create_key(Description="artifacts")["KeyMetadata"]["Arn"])
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn},
        "BucketKeyEnabled": True,
    }
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.create_bucket(Bucket=MODEL_BUCKET, CreateBucketConfiguration={"LocationConstraint": cloud.region})
    return key_arn


def install(cloud: Cloud, attached: Attached, stages: Sequence[RenderedStage]) -> None:
    """Attach every document to its role or resource, in every account."""
    names = {account.id: account.name for account in cloud.accounts}
    attach_policies(stages, attached, lambda service, account: cloud.client(service, account=names[account]))
    for account in cloud.accounts:
        iam = cloud.client("iam", account=account.name)
        iam.create_role(RoleName=OPERATORS, AssumeRolePolicyDocument=_trust_of(account.id))
        iam.put_role_policy(RoleName=OPERATORS, PolicyName="operators", PolicyDocument=_operators(cloud, account.name))


def index_shadows(cloud: Cloud) -> None:
    """Turn indexing of the named shadow on in every account, as fleet-health.yaml does."""
    things = {"thingIndexingMode": "REGISTRY", "namedShadowIndexingMode": "ON"}
    for account in cloud.accounts:
        cloud.client("iot", account=account.name).update_indexing_configuration(
            thingIndexingConfiguration={**things, "filter": {"namedShadowNames": [SHADOW]}}
        )


def whole_policy_set(cloud: Cloud, attached: Attached, stages: Sequence[RenderedStage]) -> PolicySet:
    """Return the documents and the policies of the run's people, whose attempts are judged too."""
    ours = policy_set(stages, attached)
    people = {
        arn: (read_policy(f"people@{arn}", PolicyKind.IDENTITY, text),)
        for account in cloud.accounts
        for arn, text in (
            (f"arn:aws:iam::{account.id}:user/{ADMINISTRATOR}", json.dumps(_EVERYTHING)),
            (_operators_arn(cloud, account.name), _operators(cloud, account.name)),
        )
    }
    return PolicySet({**ours.identities, **people}, ours.resources)


def assumed(cloud: Cloud, document: str, account: str, service: str, *, session: str) -> Any:
    """Return a client of a service with a role's credentials."""
    key, token, _ = assume_role(role_arn(cloud, document, account), session, _SESSION_SECONDS, cloud.region)
    return client_for(
        service, cloud.endpoint_url, cloud.region, AccessKey(key.access_key_id, key.secret_access_key), token
    )


def operator_environment(cloud: Cloud, account: str) -> dict[str, str]:
    """Return the environment of an operator's shell, as single sign-on gives it."""
    key, token, _ = assume_role(_operators_arn(cloud, account), "ann", _SESSION_SECONDS, cloud.region)
    return {
        **cloud.environment(account),
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_SESSION_TOKEN": token,
    }


def _operators_arn(cloud: Cloud, account: str) -> str:
    return f"arn:aws:iam::{cloud.endpoints(account).account.id}:role/{OPERATORS}"


def _operators(cloud: Cloud, account: str) -> str:
    statement = {
        "Sid": "BecomeTheReadOnlyRole",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": role_arn(cloud, "operator-role", account),
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _trust_of(account_id: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
