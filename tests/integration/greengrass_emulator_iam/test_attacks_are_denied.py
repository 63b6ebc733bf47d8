"""Attempts of somebody who has a role, or nearly one: each is denied, for the right reason."""

import json
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

BUCKET = "example-artifacts"
DEV, PREPROD, PROD = "111111111111", "222222222222", "333333333333"
GROUP = f"arn:aws:iot:eu-west-1:{PROD}:thinggroup/fleet"
DEPLOY_ROLE = f"arn:aws:iam::{PROD}:role/MlopsDeployRole"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
Refused = Callable[[Callable[[], object]], str]

DEVICE_ATTACKS: dict[str, tuple[str, str, Callable[[Any, str], object]]] = {
    "deploy": (
        "greengrassv2",
        "greengrass:CreateDeployment",
        lambda c, _: c.create_deployment(targetArn=GROUP, components={}),
    ),
    "publish a component": (
        "greengrassv2",
        "greengrass:CreateComponentVersion",
        lambda c, _: c.create_component_version(inlineRecipe=b'{"ComponentName": "com.example.app"}'),
    ),
    "write an artifact": (
        "s3",
        "s3:PutObject",
        lambda c, _: c.put_object(Bucket=BUCKET, Key="artifacts/greengrass/a/1/a.zip", Body=b"", IfNoneMatch="*"),
    ),
    "open the bucket": ("s3", "s3:PutBucketPolicy", lambda c, _: c.put_bucket_policy(Bucket=BUCKET, Policy="{}")),
    "read outside the prefix": (
        "s3",
        "s3:GetObject",
        lambda c, _: c.get_object(Bucket=BUCKET, Key="reports/secret.txt"),
    ),
    "list the bucket": ("s3", "s3:ListBucket", lambda c, _: c.list_objects_v2(Bucket=BUCKET)),
    "use the key by itself": (
        "kms",
        "kms:GenerateDataKey",
        lambda c, key: c.generate_data_key(KeyId=key, KeySpec="AES_256"),
    ),
    "use the key for another purpose": (
        "kms",
        "kms:Decrypt",
        lambda c, key: c.decrypt(KeyId=key, CiphertextBlob=b"x"),
    ),
    "read a neighbour's shadow": (
        "iot-data",
        "iot:GetThingShadow",
        lambda c, _: c.get_thing_shadow(thingName="neighbour"),
    ),
    "speak for a neighbour": (
        "iot-data",
        "iot:Publish",
        lambda c, _: c.publish(topic="dt/digits-demo/neighbour/health", payload=b"{}"),
    ),
    "become the deploy role": (
        "sts",
        "sts:AssumeRole",
        lambda c, _: c.assume_role(RoleArn=DEPLOY_ROLE, RoleSessionName="device", ExternalId="example-prod"),
    ),
    "make a role": (
        "iam",
        "iam:CreateRole",
        lambda c, _: c.create_role(RoleName="Mine", AssumeRolePolicyDocument="{}"),
    ),
}


@pytest.mark.parametrize("attack", DEVICE_ATTACKS)
def test_a_devices_credentials_are_denied(enforced: Any, refused: Refused, attack: str) -> None:
    service, action, ask = DEVICE_ATTACKS[attack]
    client = enforced.device(service)
    message = refused(lambda: ask(client, enforced.key))
    assert f"is not authorized to perform: {action} on resource:" in message
    assert "assumed-role/GreengrassV2TokenExchangeRole/" in message


def test_a_device_does_not_decrypt_with_another_key(enforced: Any, refused: Refused) -> None:
    kms = enforced.admin("kms")
    other = kms.create_key()["KeyMetadata"]["Arn"]
    sealed = kms.encrypt(KeyId=other, Plaintext=b"secret")["CiphertextBlob"]
    assert other in refused(lambda: enforced.device("kms").decrypt(CiphertextBlob=sealed))


def test_a_device_writes_logs_in_its_own_name_only(enforced: Any, refused: Refused) -> None:
    logs = enforced.device("logs")
    group = "/aws/greengrass/UserComponent/eu-west-1/com.example.app"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="/2026/11/24/thing/camera")
    refused(lambda: logs.create_log_stream(logGroupName=group, logStreamName="/2026/11/24/thing/neighbour"))


DEPLOYER_ATTACKS: dict[str, tuple[str, str, Callable[[Any], object]]] = {
    "deploy to another team's group": (
        "greengrassv2",
        "iot:CreateJob",
        lambda c: c.create_deployment(targetArn=GROUP.replace("fleet", "another-teams"), components={}),
    ),
    "deploy to a single thing": (
        "greengrassv2",
        "iot:DeleteThingShadow",
        lambda c: c.create_deployment(targetArn=GROUP.replace("thinggroup/fleet", "thing/camera"), components={}),
    ),
    "publish another team's component": (
        "greengrassv2",
        "greengrass:CreateComponentVersion",
        lambda c: c.create_component_version(
            inlineRecipe=b'{"ComponentName": "org.another.app", "ComponentVersion": "1.0.0"}'
        ),
    ),
    "touch IAM": (
        "iam",
        "iam:PutRolePolicy",
        lambda c: c.put_role_policy(RoleName="MlopsDeployRole", PolicyName="more", PolicyDocument="{}"),
    ),
    "read model data": ("s3", "s3:GetObject", lambda c: c.get_object(Bucket=BUCKET, Key="models/digits/model.tar.gz")),
    "write an artifact": (
        "s3",
        "s3:PutObject",
        lambda c: c.put_object(Bucket=BUCKET, Key="artifacts/greengrass/a/1/a.zip", Body=b"", IfNoneMatch="*"),
    ),
    "change a device's shadow": (
        "iot-data",
        "iot:UpdateThingShadow",
        lambda c: c.update_thing_shadow(thingName="camera", payload=b"{}"),
    ),
}


@pytest.mark.parametrize("attack", DEPLOYER_ATTACKS)
def test_the_deploy_role_is_denied(enforced: Any, refused: Refused, attack: str) -> None:
    service, action, ask = DEPLOYER_ATTACKS[attack]
    client = enforced.deploy(service)
    assert f"perform: {action} on resource:" in refused(lambda: ask(client))


def assume(client: Any, **more: str) -> Callable[[], object]:
    return lambda: client.assume_role(RoleArn=DEPLOY_ROLE, RoleSessionName="attacker", **more)


def test_the_deploy_role_is_assumed_by_the_pipeline_with_its_external_id_and_by_nobody_else(
    enforced: Any, refused: Refused
) -> None:
    pipeline = enforced.pipeline("sts")
    assert assume(pipeline, ExternalId="example-prod")()
    refused(assume(pipeline))
    refused(assume(pipeline, ExternalId="example-preprod"))
    refused(assume(enforced.build("sts"), ExternalId="example-prod"))
    for account in ("dev", "preprod"):
        refused(assume(enforced.admin("sts", account), ExternalId="example-prod"))


def test_a_role_that_does_not_exist_is_not_assumed(enforced: Any, refused: Refused) -> None:
    role = f"arn:aws:iam::{DEV}:role/Nobody"
    refused(lambda: enforced.admin("sts").assume_role(RoleArn=role, RoleSessionName="anybody"))


def test_a_service_that_acts_for_another_account_or_project_is_not_a_deputy(enforced: Any) -> None:
    assert enforced.answer["deputy of another account"] is None
    assert enforced.answer["deputy of another project"] is None


def test_another_role_of_a_reader_account_is_no_deputy_through_the_bucket(
    enforced: Any, refused: Refused, artifact: str
) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": PROD}, "Action": "sts:AssumeRole"}
    iam = enforced.admin("iam", "prod")
    role = iam.create_role(RoleName="Other", AssumeRolePolicyDocument=json.dumps(policy(trust)))["Role"]["Arn"]
    iam.put_role_policy(RoleName="Other", PolicyName="all", PolicyDocument=json.dumps(policy(EVERYTHING)))
    given = enforced.admin("sts", "prod").assume_role(RoleArn=role, RoleSessionName="other")["Credentials"]
    message = refused(lambda: enforced.client("s3", environment_of(given)).get_object(Bucket=BUCKET, Key=artifact))
    assert "no resource-based policy allows the s3:GetObject action" in message


def test_not_even_an_administrator_overwrites_or_deletes_an_artifact(
    enforced: Any, refused: Refused, artifact: str
) -> None:
    s3 = enforced.admin("s3")
    assert "explicit deny" in refused(lambda: s3.put_object(Bucket=BUCKET, Key=artifact, Body=b"other"))
    assert "explicit deny" in refused(lambda: s3.delete_object(Bucket=BUCKET, Key=artifact))


def test_an_upload_under_another_key_is_denied(enforced: Any, refused: Refused) -> None:
    other = enforced.admin("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": other}
    where = {"Bucket": BUCKET, "Key": "artifacts/greengrass/com.example.app/2.0.0/app.zip"}
    message = refused(lambda: enforced.admin("s3").put_object(**where, Body=b"", IfNoneMatch="*", **encryption))
    assert "NoOtherKey" in message


def test_the_bucket_answers_nobody_without_tls(enforced: Any, artifact: str) -> None:
    url = enforced.build("s3").generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": artifact})
    address = urlsplit(url)

    def fetch(**headers: str) -> tuple[int, bytes]:
        connection = HTTPConnection(address.netloc, timeout=10)
        try:
            connection.request("GET", f"{address.path}?{address.query}", headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    assert fetch() == (200, b"an application")
    status, body = fetch(**{"X-Emulated-Transport": "plain"})
    assert status == 403
    assert b"NothingWithoutTls" in body


def policy(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_device_gets_no_credentials_of_an_alias_that_its_policy_does_not_name(enforced: Any) -> None:
    iot = enforced.admin("iot", "prod")
    iot.create_role_alias(roleAlias="Another", roleArn=f"arn:aws:iam::{PROD}:role/GreengrassV2TokenExchangeRole")
    status, _ = enforced.device_request("camera", "GET", "/role-aliases/Another/credentials")
    assert status == 403


def test_what_cannot_be_judged_is_refused(enforced: Any, refused: Refused) -> None:
    with pytest.raises(ClientError, match="Session policies are not enforced here"):
        assume(enforced.pipeline("sts"), ExternalId="example-prod", Policy=json.dumps(policy(EVERYTHING)))()
    iam = enforced.admin("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": DEV}, "Action": "sts:AssumeRole"}
    boundary = iam.create_policy(PolicyName="Boundary", PolicyDocument=json.dumps(policy(EVERYTHING)))["Policy"]["Arn"]
    role = iam.create_role(
        RoleName="Bounded", AssumeRolePolicyDocument=json.dumps(policy(trust)), PermissionsBoundary=boundary
    )["Role"]["Arn"]
    iam.put_role_policy(RoleName="Bounded", PolicyName="all", PolicyDocument=json.dumps(policy(EVERYTHING)))
    given = enforced.admin("sts").assume_role(RoleArn=role, RoleSessionName="bounded")["Credentials"]
    refused(lambda: enforced.client("s3", environment_of(given)).list_buckets())


def environment_of(given: dict[str, Any]) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
