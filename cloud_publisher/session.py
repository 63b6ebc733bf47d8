"""Opens an AWS account: a boto3 session, with the stage's assumed role if there is one.

The clients are made here, once for each command, and passed on; no other module makes its own. boto3 reads
``AWS_ENDPOINT_URL`` by itself, which is how the emulator is reached.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cloud_publisher.cloud_errors import asking
from cloud_publisher.errors import CloudError, WrongUseError

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_greengrassv2 import GreengrassV2Client
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot_data import IoTDataPlaneClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import AssumeRoleRequestTypeDef

ROLE_SESSION = "cloud-publisher"


@dataclass(frozen=True, slots=True)
class Access:
    """How to open an account: the region, and the role to assume with its external id."""

    region: str | None = None
    role_arn: str | None = None
    external_id: str | None = None


class Account:
    """One account in one region, and the clients of its services, each made when it is first asked for."""

    def __init__(self, session: "boto3.Session", region: str) -> None:
        self.session = session
        self.region = region

    @cached_property
    def id(self) -> str:
        """The account's twelve digits. Raises ``CloudError``."""
        with asking("ask AWS which account this is"):
            return self.sts.get_caller_identity()["Account"]

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn`` or ``aws-us-gov``, as ARNs begin."""
        return self.session.get_partition_for_region(self.region)

    def component_arn(self, name: str, version: str | None = None) -> str:
        """The ARN of a component, or of one version of it."""
        arn = f"arn:{self.partition}:greengrass:{self.region}:{self.id}:components:{name}"
        return f"{arn}:versions:{version}" if version else arn

    @cached_property
    def sts(self) -> "STSClient":
        return self.session.client("sts", region_name=self.region, config=_patient())

    @cached_property
    def s3(self) -> "S3Client":
        return self.session.client("s3", region_name=self.region, config=_patient())

    @cached_property
    def sagemaker(self) -> "SageMakerClient":
        return self.session.client("sagemaker", region_name=self.region, config=_patient())

    @cached_property
    def greengrass(self) -> "GreengrassV2Client":
        return self.session.client("greengrassv2", region_name=self.region, config=_patient())

    @cached_property
    def iot(self) -> "IoTClient":
        return self.session.client("iot", region_name=self.region, config=_patient())

    @cached_property
    def iot_data(self) -> "IoTDataPlaneClient":
        return self.session.client("iot-data", region_name=self.region, config=_patient())

    def s3_in(self, region: str) -> "S3Client":
        """Return an S3 client for a bucket in another region."""
        return self.s3 if region == self.region else self.session.client("s3", region_name=region, config=_patient())


def open_account(access: Access) -> Account:
    """Open the account by the environment and ``access``. Assumes the role at once, so that a refusal shows first.

    Raises ``WrongUseError`` without a region, with an external id alone, or for a profile that is not there;
    ``CloudError`` when the role may not be assumed.
    """
    import boto3  # noqa: PLC0415 - a third of a second, which `--help` and `validate` do without
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    if access.external_id and not access.role_arn:
        raise WrongUseError(
            "there is an external id and no role to assume with it", "give --role-arn too, or take the external id out"
        )
    try:
        base = boto3.Session(region_name=access.region)
    except BotoCoreError as error:
        raise WrongUseError(
            f"the AWS configuration cannot be used: {error}", "correct the profile that AWS_PROFILE names, or unset it"
        ) from error
    region = access.region or base.region_name
    if not region:
        raise WrongUseError("there is no AWS region", "give --region, set AWS_REGION, or write region: into the config")
    session = _of_role(base, access.role_arn, access.external_id, region) if access.role_arn else base
    return Account(session, region)


def _of_role(base: "boto3.Session", role_arn: str, external_id: str | None, region: str) -> "boto3.Session":
    """Return a session that renews its role's credentials: waiting for a fleet can take longer than their hour."""
    import boto3  # noqa: PLC0415
    import botocore.session  # noqa: PLC0415
    from botocore.credentials import RefreshableCredentials  # noqa: PLC0415

    sts = base.client("sts", region_name=region, config=_patient())
    wanted: AssumeRoleRequestTypeDef = {"RoleArn": role_arn, "RoleSessionName": ROLE_SESSION}
    if external_id:
        wanted["ExternalId"] = external_id

    def assume() -> dict[str, str]:
        try:
            with asking(f"assume {role_arn}"):
                given = sts.assume_role(**wanted)["Credentials"]
        except CloudError as error:
            if not error.code:
                raise
            raise CloudError(
                error.problem,
                "let the role's trust policy name the account that runs this, with the same external id, and let "
                "the caller sts:AssumeRole it",
                code=error.code,
            ) from error
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }

    core = botocore.session.get_session()
    # botocore has no public way to give a session refreshable credentials; this private attribute is commonly used.
    core._credentials = RefreshableCredentials.create_from_metadata(  # type: ignore[attr-defined]
        metadata=assume(), refresh_using=assume, method="sts-assume-role"
    )
    return boto3.Session(botocore_session=core, region_name=region)


def _patient() -> "Config":
    from botocore.config import Config  # noqa: PLC0415

    return Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        connect_timeout=10,
        read_timeout=60,
        user_agent_extra="mlops-at-edge",
    )
