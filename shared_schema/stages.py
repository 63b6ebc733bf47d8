"""The accounts that a release goes through: ``stages:`` of ``greengrass-config.yml``.

Only the form of each value is checked here. Whether stages agree with one another, and their ARNs with their account
and region, is checked where they are used (cloud_publisher/policies/stages.py).
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared_schema.names import BucketName, Region
from shared_schema.strict_model import WrittenByPeople

DEV_STAGE = "dev"
"""The stage whose account has the artifact bucket, its key, the model registry and the pipeline."""

_ACCOUNT = re.compile(r"\d{12}")
_PARTITION = "arn:aws(?:-[a-z]+)*"
_ROLE = re.compile(rf"{_PARTITION}:iam::\d{{12}}:role/(?:[\w+=,.@-]+/)*[\w+=,.@-]{{1,64}}", re.ASCII)
_ROLE_PATTERN = re.compile(rf"{_PARTITION}:iam::\d{{12}}:role/[\w+=,.@*/-]+", re.ASCII)
_THING_GROUP = re.compile(rf"{_PARTITION}:iot:[a-z0-9-]+:\d{{12}}:thinggroup/[a-zA-Z0-9:_-]{{1,128}}")
_KEY = re.compile(rf"{_PARTITION}:kms:[a-z0-9-]+:\d{{12}}:key/[a-zA-Z0-9-]+")
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_CONNECTION = re.compile(
    rf"{_PARTITION}:(?:codeconnections|codestar-connections):[a-z0-9-]+:\d{{12}}:connection/[a-zA-Z0-9/-]+"
)
_S3_PREFIX = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([\w!.'()-]+/)*", re.ASCII)


def _account(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise ValueError(f'{text!r} is no AWS account id; write its 12 digits in quotes, such as "111122223333"')
    return text


def _role(text: str) -> str:
    if not _ROLE.fullmatch(text):
        raise ValueError(f"{text!r} is no role's ARN; write one such as arn:aws:iam::111122223333:role/MlopsDeployRole")
    return text


def _role_pattern(text: str) -> str:
    if not _ROLE_PATTERN.fullmatch(text):
        raise ValueError(
            f"{text!r} is no role's ARN, nor a pattern of one; "
            "write one such as arn:aws:iam::111122223333:role/MlopsOperators"
        )
    return text


def _thing_group(text: str) -> str:
    if not _THING_GROUP.fullmatch(text):
        raise ValueError(
            f"{text!r} is no thing group's ARN; write one such as arn:aws:iot:eu-west-1:111122223333:thinggroup/fleet"
        )
    return text


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise ValueError(
            f"{text!r} is no key's ARN; write one such as arn:aws:kms:eu-west-1:111122223333:key/<id>, and no alias"
        )
    return text


def _external_id(text: str) -> str:
    if not _EXTERNAL_ID.fullmatch(text):
        raise ValueError("external-id is malformed; use 2 to 1224 letters, digits, and any of _+=,.@:/-")
    return text


def _connection(text: str) -> str:
    if not _CONNECTION.fullmatch(text):
        raise ValueError(
            f"{text!r} is no connection's ARN; "
            "write one such as arn:aws:codeconnections:eu-west-1:111122223333:connection/<id>"
        )
    return text


def _s3_prefix(text: str) -> str:
    if not _S3_PREFIX.fullmatch(text):
        raise ValueError(f"{text!r} is no folder in S3; write one such as s3://my-models/digits/, with its last '/'")
    return text


StageName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
AccountId = Annotated[str, AfterValidator(_account)]
RoleArn = Annotated[str, AfterValidator(_role)]
RoleArnPattern = Annotated[str, AfterValidator(_role_pattern)]
ThingGroupArn = Annotated[str, AfterValidator(_thing_group)]
KeyArn = Annotated[str, AfterValidator(_key)]
ExternalId = Annotated[str, AfterValidator(_external_id)]
RoleAlias = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_=,@-]{1,128}$")]
S3Prefix = Annotated[str, AfterValidator(_s3_prefix)]
ConnectionArn = Annotated[str, AfterValidator(_connection)]
RepositoryId = Annotated[str, StringConstraints(pattern=r"^[^/\s]+(/[^/\s]+)+$")]
BranchName = Annotated[str, StringConstraints(pattern=r"^[^\s~^:?*\[\\]+$")]
ObjectKey = Annotated[str, StringConstraints(pattern=r"^[^\s]{1,1024}$")]


class PipelineSource(WrittenByPeople):
    """Where the pipeline gets this repository from: through a connection, or as an archive in S3."""

    connection: ConnectionArn | None = None
    """The CodeConnections connection to the repository's host."""
    repository: RepositoryId | None = None
    """The repository, as ``owner/name``."""
    branch: BranchName | None = None
    """The branch that is released; if not given, ``main``."""
    bucket: BucketName | None = None
    """The versioned bucket of the repository's archive."""
    key: ObjectKey | None = None
    """The archive's key; if not given, ``source.zip``."""

    @model_validator(mode="after")
    def _from_one_place(self) -> "PipelineSource":
        if (self.connection is None) == (self.bucket is None):
            raise ValueError("names no one place; give connection with repository, or bucket, and not both")
        if (self.connection is None) != (self.repository is None):
            raise ValueError("has one of connection and repository; give both: the host's connection, and owner/name")
        if self.bucket is not None and self.branch is not None:
            raise ValueError("has a bucket and a branch; take the branch out: an archive has none")
        if self.connection is not None and self.key is not None:
            raise ValueError("has a connection and a key; take the key out: it is of an archive in a bucket")
        return self


class Stage(WrittenByPeople):
    """One account that a release goes through."""

    account: AccountId
    region: Region
    target: ThingGroupArn
    """The thing group that is deployed to."""
    canary: ThingGroupArn | None = None
    """A thing group of other devices, which must confirm a release before it goes to ``target``."""
    role: RoleArn | None = None
    """The deploy role that is assumed for this stage."""
    external_id: ExternalId | None = None
    """The external id that the deploy role requires; to AWS it is no secret."""
    bucket_access: list[RoleArn] = Field(default_factory=list)
    """Roles of this account, besides ``role``, that may read artifacts: the devices' token-exchange roles."""
    role_alias: RoleAlias | None = None
    """The alias of the devices' role, if it is not the one that target-account.yaml makes."""
    operator: RoleArnPattern | None = None
    """Who may assume the read-only role for ``status``; ``*`` is allowed, as single sign-on generates names."""
    key: KeyArn | None = None
    """``dev`` only: the artifact bucket's key, an output of dev-account.yaml."""
    model_data: list[S3Prefix] = Field(default_factory=list)
    """``dev`` only: where model packages have their data; if not given, the artifact bucket's ``models/``."""
    source: PipelineSource | None = None
    """``dev`` only: where the pipeline gets this repository from."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Stage":
        if self.role is not None and self.external_id is None:
            raise ValueError("has a role and no external-id; add external-id: the role's trust asks for it")
        if self.external_id is not None and self.role is None:
            raise ValueError("has an external-id and no role; add role: the deploy role's ARN")
        if self.canary == self.target:
            raise ValueError("has one group as target and canary; name a group of other devices as canary")
        return self
