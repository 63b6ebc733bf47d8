"""Access keys, assumed roles, external ids, and the formats of refusals."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from greengrass_emulator.cloud.accounts import AccessKey
from greengrass_emulator.cloud.clients import client_for
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.seeding import SeededCloud

DEPLOY_ROLE = "arn:aws:iam::333333333333:role/MlopsDeployRole"


def assume(cloud: Cloud, role: str, *, account: str = "dev", **more: str) -> dict[str, Any]:
    credentials: dict[str, Any] = cloud.client("sts", account=account).assume_role(
        RoleArn=role, RoleSessionName="pipeline", **more
    )["Credentials"]
    return credentials


def test_devs_pipeline_works_in_another_account_through_its_role(cloud: Cloud, seeded_cloud: SeededCloud) -> None:
    role = seeded_cloud.deploy_role_arns["prod"]
    session = assume(cloud, role, ExternalId=seeded_cloud.external_id)
    key = AccessKey(session["AccessKeyId"], session["SecretAccessKey"])

    def client(service: str) -> Any:
        return client_for(service, cloud.endpoint_url, cloud.region, key, session["SessionToken"])

    assert client("sts").get_caller_identity()["Account"] == "333333333333"
    group = client("iot").create_thing_group(thingGroupName="through-a-role")["thingGroupArn"]
    assert group.startswith("arn:aws:iot:eu-west-1:333333333333:")
    made = client("greengrassv2").create_deployment(targetArn=group)
    there = cloud.client("greengrassv2", account="prod").get_deployment(deploymentId=made["deploymentId"])
    assert there["targetArn"] == group


@pytest.mark.parametrize(
    ("role", "account", "external_id"),
    [
        (DEPLOY_ROLE, "dev", "another-id"),
        (DEPLOY_ROLE, "dev", None),
        (DEPLOY_ROLE, "preprod", "mlops-at-edge"),
        ("arn:aws:iam::333333333333:role/NeverMade", "dev", "mlops-at-edge"),
        ("arn:aws:iam::999999999999:role/MlopsDeployRole", "dev", "mlops-at-edge"),
    ],
    ids=["wrong external id", "no external id", "account that is not trusted", "absent role", "absent account"],
)
def test_a_role_that_does_not_trust_the_caller_is_not_assumed(
    cloud: Cloud, seeded_cloud: SeededCloud, role: str, account: str, external_id: str | None
) -> None:
    more = {"ExternalId": external_id} if external_id else {}
    with pytest.raises(ClientError) as refused:
        assume(cloud, role, account=account, **more)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert f"is not authorized to perform: sts:AssumeRole on resource: {role}" in str(refused.value)


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("greengrassv2", "list_components", "UnrecognizedClientException"),
        ("iot", "list_things", "UnrecognizedClientException"),
        ("sagemaker", "list_model_package_groups", "UnrecognizedClientException"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
    ],
)
def test_an_unknown_access_key_is_refused_in_each_services_format(
    cloud: Cloud, service: str, operation: str, code: str
) -> None:
    stranger = client_for(service, cloud.endpoint_url, cloud.region, AccessKey("AKIAIOSFODNN7EXAMPLE", "secret"))
    with pytest.raises(ClientError) as refused:
        getattr(stranger, operation)()
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_roles_key_without_its_session_token_is_refused(cloud: Cloud, seeded_cloud: SeededCloud) -> None:
    session = assume(cloud, DEPLOY_ROLE, ExternalId=seeded_cloud.external_id)
    key = AccessKey(session["AccessKeyId"], session["SecretAccessKey"])
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client_for("greengrassv2", cloud.endpoint_url, cloud.region, key).list_components()


def test_a_request_to_another_region_is_refused(cloud: Cloud) -> None:
    elsewhere = client_for("greengrassv2", cloud.endpoint_url, "us-east-1", cloud.endpoints("dev").key)
    with pytest.raises(ClientError, match="runs in eu-west-1, not in us-east-1; set AWS_REGION"):
        elsewhere.list_components()


def test_an_operation_that_moto_lacks_is_refused_as_unsupported(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    with pytest.raises(ClientError, match="UnsupportedOperationException"):
        sagemaker.delete_model_package(ModelPackageName="digits")


def test_a_trust_policy_with_an_unknown_condition_refuses(cloud: Cloud, unique: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "111111111111"},
        "Action": "sts:AssumeRole",
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = cloud.client("iam", account="prod")
    role = iam.create_role(RoleName=unique, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(cloud, role)
