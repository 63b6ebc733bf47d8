"""Rendered policy documents, as ``cloud-publisher policies render --json`` prints them.

They are attached in a running cloud by each account's own API, as the CloudFormation templates do in real accounts, and
read into a ``PolicySet`` for a replay. Attaching them twice changes nothing.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from greengrass_emulator.cloud.provisioning import ROLE_ALIAS, THING_POLICY, TOKEN_EXCHANGE_ROLE
from greengrass_emulator.cloud.seeding import DEPLOY_ROLE
from greengrass_emulator.iam.documents import Policy, PolicyKind, read_policy
from greengrass_emulator.iam.errors import InvalidPolicyError
from greengrass_emulator.iam.policy_sources import PolicySet
from pydantic import BaseModel, ConfigDict, ValidationError

from shared_schema.json_value import JsonObject

ROLE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "build-role": "MlopsBuildRole",
        "deploy-role": DEPLOY_ROLE,
        "operator-role": "MlopsOperatorRole",
        "pipeline-role": "MlopsPipelineRole",
        "token-exchange-role": TOKEN_EXCHANGE_ROLE,
    }
)
ClientOf = Callable[[str, str], Any]
"""A boto3 client of an account's administrator, by service and account id."""


class RenderedPolicy(BaseModel):
    """One complete document: its name, what it is attached to, the account that has it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    kind: PolicyKind
    account: str
    document: JsonObject

    @property
    def label(self) -> str:
        """Unique over all stages: ``deploy-role@333333333333``."""
        return f"{self.name}@{self.account}"

    def statement(self, sid: str) -> JsonObject | None:
        """Return the statement with this ``Sid``, or None."""
        statements = self.document["Statement"]
        return next(
            (
                each
                for each in (statements if isinstance(statements, list) else [])
                if isinstance(each, dict) and each.get("Sid") == sid
            ),
            None,
        )

    def read(self) -> Policy:
        """Return it as the evaluator's policy. Raises ``InvalidPolicyError``."""
        return read_policy(self.label, self.kind, self.document)


class RenderedStage(BaseModel):
    """Everything that one stage needs, in its own account and in dev's."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    stage: str
    policies: tuple[RenderedPolicy, ...]


@dataclass(frozen=True, slots=True)
class Attached:
    """What the documents are attached to."""

    bucket: str
    key_arn: str
    region: str
    role_names: Mapping[str, str] = field(default_factory=lambda: ROLE_NAMES)

    def role_arn(self, policy: RenderedPolicy) -> str:
        """The role of an identity or trust document."""
        return f"arn:aws:iam::{policy.account}:role/{self.role_names[policy.name.removesuffix('.trust')]}"


def read_stage(text: str) -> RenderedStage:
    """Reads the command's output. Raises ``InvalidPolicyError`` where it is something else."""
    try:
        return RenderedStage.model_validate_json(text)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidPolicyError("rendered stage", f"{where}: {first['msg']}", "use policies render --json") from fault


def policy_set(stages: Iterable[RenderedStage], attached: Attached) -> PolicySet:
    """Return the policies for a replay. Raises ``InvalidPolicyError`` for a document that AWS would refuse."""
    identities: dict[str, tuple[Policy, ...]] = {}
    resources: dict[str, Policy] = {}
    for policy in _each_once(stages):
        read = policy.read()
        match policy.kind:
            case PolicyKind.IDENTITY:
                identities[attached.role_arn(policy)] = (read,)
            case PolicyKind.IOT:
                identities[f"arn:aws:iot:{attached.region}:{policy.account}:thing/*"] = (read,)
            case PolicyKind.TRUST:
                resources[attached.role_arn(policy)] = read
            case PolicyKind.BUCKET:
                resources[f"arn:aws:s3:::{attached.bucket}"] = read
            case PolicyKind.KEY:
                resources[attached.key_arn] = read
    return PolicySet(identities, resources)


def attach_policies(stages: Iterable[RenderedStage], attached: Attached, client_of: ClientOf) -> None:
    """Create the roles, policies and role alias in a running cloud's accounts. The bucket and key must exist.

    Raises ``InvalidPolicyError`` before anything is changed, and botocore's ``ClientError`` if an account refuses.
    """
    every = sorted(_each_once(stages), key=lambda policy: policy.kind is not PolicyKind.TRUST)  # a role begins with it
    for policy in every:
        policy.read()
    for policy in every:
        document = json.dumps(policy.document)
        match policy.kind:
            case PolicyKind.TRUST:
                _put_role(client_of("iam", policy.account), attached.role_arn(policy), document)
            case PolicyKind.IDENTITY:
                role = attached.role_arn(policy).rpartition("/")[2]
                client = client_of("iam", policy.account)
                client.put_role_policy(RoleName=role, PolicyName=policy.name, PolicyDocument=document)
            case PolicyKind.IOT:
                _put_thing_policy(client_of("iot", policy.account), document)
            case PolicyKind.BUCKET:
                client_of("s3", policy.account).put_bucket_policy(Bucket=attached.bucket, Policy=document)
            case PolicyKind.KEY:
                client = client_of("kms", policy.account)
                client.put_key_policy(KeyId=attached.key_arn, PolicyName="default", Policy=document)
    for policy in every:
        if policy.name == "token-exchange-role":
            _put_alias(client_of("iot", policy.account), attached.role_arn(policy))


def _each_once(stages: Iterable[RenderedStage]) -> tuple[RenderedPolicy, ...]:
    return tuple({policy.label: policy for stage in stages for policy in stage.policies}.values())


def _put_role(iam: Any, arn: str, trust: str) -> None:
    name = arn.rpartition("/")[2]
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)


def _put_thing_policy(iot: Any, document: str) -> None:
    if THING_POLICY in {known["policyName"] for known in iot.list_policies()["policies"]}:
        iot.create_policy_version(policyName=THING_POLICY, policyDocument=document, setAsDefault=True)
    else:
        iot.create_policy(policyName=THING_POLICY, policyDocument=document)


def _put_alias(iot: Any, role_arn: str) -> None:
    if ROLE_ALIAS not in iot.list_role_aliases()["roleAliases"]:
        iot.create_role_alias(roleAlias=ROLE_ALIAS, roleArn=role_arn, credentialDurationSeconds=3600)
