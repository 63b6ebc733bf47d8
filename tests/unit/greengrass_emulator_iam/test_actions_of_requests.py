"""What permissions a request asks for, from the requests that boto3 itself writes."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from greengrass_emulator.iam.actions.calls import call_of
from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.iam.actions.resources import Encryption
from greengrass_emulator.iam.actions.s3 import absence_need
from greengrass_emulator.iam.requests import Call, Need

DEV, PROD = "111111111111", "333333333333"
REGION = "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{DEV}:key/11111111-1111-1111-1111-111111111111"
GROUP = f"arn:aws:iot:{REGION}:{PROD}:thinggroup/line-1"
_KEY = "arn:aws:s3:::b/k"
SIGNING = {"greengrassv2": "greengrass", "iot-data": "iotdata"}
UUID = "00000000-0000-0000-0000-000000000000"


class Accounts:
    """Dev owns the bucket ``artifacts``, which is under its key; deployment ``d-1`` is for the group."""

    def bucket_owner(self, bucket: str) -> str | None:
        return DEV if bucket == "artifacts" else None

    def bucket_encryption(self, bucket: str) -> Encryption | None:
        return Encryption(KEY, bucket_key=True) if bucket == "artifacts" else None

    def object_encryption(self, bucket: str, *_: object) -> Encryption | None:
        return Encryption(KEY) if bucket == "artifacts" else None

    def upload_encryption(self, _bucket: str, upload_id: str) -> Encryption | None:
        return Encryption(KEY) if upload_id == "under-the-key" else None

    def key_arn(self, _account: str, _region: str, name: str) -> str | None:
        return KEY if name in {"alias/artifacts", KEY} else None

    def key_of_ciphertext(self, ciphertext: bytes) -> str | None:
        return KEY if ciphertext == b"sealed" else None

    def deployment_target(self, _account: str, deployment_id: str) -> str | None:
        return GROUP if deployment_id == "d-1" else None


def call(service: str, ask: Callable[[Any], object], account: str = PROD) -> Call:
    """The call of the request that a boto3 client makes."""
    client = boto3.client(
        service,  # type: ignore[call-overload]
        region_name=REGION,
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(retries={"max_attempts": 0}),
    )
    sent: list[AWSPreparedRequest] = []

    def keep(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        raise StopIteration

    client.meta.events.register("before-send.*", keep)
    with pytest.raises(StopIteration):
        ask(client)
    request = sent[0]
    url = urlsplit(request.url)
    body = request.body or b""
    text = body if isinstance(body, (bytes, bytearray)) else body.encode() if isinstance(body, str) else body.read()
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }
    http = HttpRequest(
        SIGNING.get(service, service),
        REGION,
        account,
        request.method,
        url.path,
        parse_qs(url.query, keep_blank_values=True),
        headers,
        lambda: bytes(text),
    )
    return call_of(http, Accounts())


def asked(call: Call) -> list[tuple[str, str]]:
    return [(need.action, need.resource) for need in call.needs]


def deployment(client: Any) -> None:
    client.create_deployment(targetArn=GROUP, components={}, tags={"mlops:release": "1"})


def test_a_deployment_of_a_group_needs_the_group_and_its_jobs() -> None:
    jobs = f"arn:aws:iot:{REGION}:{PROD}:job/{UUID}"
    assert asked(call("greengrassv2", deployment)) == [
        ("greengrass:CreateDeployment", "*"),
        ("greengrass:TagResource", f"arn:aws:greengrass:{REGION}:{PROD}:deployments:{UUID}"),
        ("iot:CreateJob", GROUP),
        ("iot:DescribeThingGroup", GROUP),
        ("iot:CancelJob", jobs),
        ("iot:CreateJob", jobs),
        ("iot:DescribeJob", jobs),
        ("iot:UpdateJob", jobs),
    ]


def test_a_deployment_of_a_thing_needs_its_shadow() -> None:
    thing = GROUP.replace("thinggroup/line-1", "thing/camera")
    needs = asked(call("greengrassv2", lambda c: c.create_deployment(targetArn=thing, components={})))
    assert needs == [("greengrass:CreateDeployment", "*")] + [
        (f"iot:{action}", thing)
        for action in ("DeleteThingShadow", "DescribeThing", "GetThingShadow", "UpdateThingShadow")
    ]


def test_dependent_actions_name_the_action_that_they_belong_to_and_the_tags_are_in_the_context() -> None:
    needs = call("greengrassv2", deployment).needs
    assert {need.because_of for need in needs[1:]} == {"greengrass:CreateDeployment"}
    assert needs[1].context["aws:requesttag/mlops:release"] == ("1",)
    assert needs[1].context["aws:tagkeys"] == ("mlops:release",)


def test_a_component_version_is_asked_for_by_the_name_in_its_recipe() -> None:
    recipe = json.dumps({"ComponentName": "com.example.digits", "ComponentVersion": "1.0.0"}).encode()
    needs = asked(
        call("greengrassv2", lambda c: c.create_component_version(inlineRecipe=recipe, tags={"mlops:stage": "prod"}))
    )
    component = f"arn:aws:greengrass:{REGION}:{PROD}:components:com.example.digits"
    assert needs == [
        ("greengrass:CreateComponentVersion", component),
        ("greengrass:TagResource", f"{component}:versions:1.0.0"),
    ]


def test_an_arn_in_a_path_is_the_resource() -> None:
    component = f"arn:aws:greengrass:{REGION}:{PROD}:components:com.example.digits"
    needs = asked(call("greengrassv2", lambda c: c.list_component_versions(arn=component)))
    assert needs == [("greengrass:ListComponentVersions", component)]


def test_reading_a_deployment_needs_rights_to_what_the_service_reads() -> None:
    needs = asked(call("greengrassv2", lambda c: c.get_deployment(deploymentId="d-1")))
    assert needs == [
        ("greengrass:GetDeployment", f"arn:aws:greengrass:{REGION}:{PROD}:deployments:d-1"),
        ("iot:DescribeThingGroup", GROUP),
        ("iot:DescribeJob", f"arn:aws:iot:{REGION}:{PROD}:job/{UUID}"),
    ]


@pytest.mark.parametrize(
    ("ask", "action", "resource"),
    [
        (lambda c: c.head_object(Bucket="artifacts", Key="a/b c"), "s3:GetObject", "arn:aws:s3:::artifacts/a/b c"),
        (lambda c: c.head_bucket(Bucket="artifacts"), "s3:ListBucket", "arn:aws:s3:::artifacts"),
        (lambda c: c.list_objects_v2(Bucket="artifacts", Prefix="a"), "s3:ListBucket", "arn:aws:s3:::artifacts"),
        (lambda c: c.list_object_versions(Bucket="artifacts"), "s3:ListBucketVersions", "arn:aws:s3:::artifacts"),
        (lambda c: c.get_bucket_location(Bucket="artifacts"), "s3:GetBucketLocation", "arn:aws:s3:::artifacts"),
        (lambda c: c.list_buckets(), "s3:ListAllMyBuckets", "*"),
        (lambda c: c.get_bucket_encryption(Bucket="b"), "s3:GetEncryptionConfiguration", "arn:aws:s3:::b"),
        (lambda c: c.put_bucket_policy(Bucket="b", Policy="{}"), "s3:PutBucketPolicy", "arn:aws:s3:::b"),
        (lambda c: c.delete_public_access_block(Bucket="b"), "s3:PutBucketPublicAccessBlock", "arn:aws:s3:::b"),
        (lambda c: c.abort_multipart_upload(Bucket="b", Key="k", UploadId="u"), "s3:AbortMultipartUpload", _KEY),
        (lambda c: c.list_parts(Bucket="b", Key="k", UploadId="u"), "s3:ListMultipartUploadParts", "arn:aws:s3:::b/k"),
        (lambda c: c.upload_part(Bucket="b", Key="k", UploadId="u", PartNumber=1, Body=b""), "s3:PutObject", _KEY),
        (lambda c: c.get_object(Bucket="b", Key="k", VersionId="v"), "s3:GetObjectVersion", "arn:aws:s3:::b/k"),
        (lambda c: c.get_object_tagging(Bucket="b", Key="k"), "s3:GetObjectTagging", "arn:aws:s3:::b/k"),
        (lambda c: c.create_bucket(Bucket="b"), "s3:CreateBucket", "arn:aws:s3:::b"),
    ],
)  # fmt: skip
def test_s3_actions_have_other_names_than_operations(ask: Callable[[Any], object], action: str, resource: str) -> None:
    assert asked(call("s3", ask))[0] == (action, resource)


def test_an_encrypted_object_needs_its_key_with_the_context_that_s3_gives() -> None:
    own, key = call("s3", lambda c: c.get_object(Bucket="artifacts", Key="k")).needs
    assert (own.owner, key.owner) == (DEV, DEV)
    assert (key.action, key.resource, key.because_of) == ("kms:Decrypt", KEY, "s3:GetObject")
    assert key.context["kms:viaservice"] == ("s3.eu-west-1.amazonaws.com",)
    assert key.context["kms:encryptioncontext:aws:s3:arn"] == ("arn:aws:s3:::artifacts/k",)


def test_a_write_needs_a_data_key_and_the_rights_of_its_headers() -> None:
    def put(client: Any) -> None:
        client.put_object(Bucket="artifacts", Key="k", Body=b"x", Tagging="a=b", IfNoneMatch="*")

    needs = call("s3", put, DEV).needs
    assert [need.action for need in needs] == ["s3:PutObject", "s3:PutObjectTagging", "kms:GenerateDataKey"]
    assert needs[0].context["s3:if-none-match"] == ("*",)
    assert needs[2].context["kms:encryptioncontext:aws:s3:arn"] == ("arn:aws:s3:::artifacts",)


def test_a_multipart_upload_needs_to_decrypt_its_own_parts() -> None:
    needs = asked(call("s3", lambda c: c.create_multipart_upload(Bucket="artifacts", Key="k"), DEV))
    assert [action for action, _ in needs] == ["s3:PutObject", "kms:GenerateDataKey", "kms:Decrypt"]


def test_the_parts_of_an_upload_carry_the_key_that_it_was_begun_with_and_only_its_end_creates() -> None:
    where = {"Bucket": "b", "Key": "k", "UploadId": "under-the-key"}
    part = call("s3", lambda c: c.upload_part(**where, PartNumber=1, Body=b"")).needs[0]
    end = call("s3", lambda c: c.complete_multipart_upload(**where, IfNoneMatch="*")).needs[0]
    assert part.context["s3:x-amz-server-side-encryption-aws-kms-key-id"] == (KEY,)
    assert part.context["s3:objectcreationoperation"] == ("false",)
    assert end.context["s3:objectcreationoperation"] == ("true",)
    assert end.context["s3:if-none-match"] == ("*",)


def test_a_copy_reads_its_source_and_every_deleted_object_is_asked_for() -> None:
    def copy(client: Any) -> None:
        client.copy_object(Bucket="b", Key="k", CopySource={"Bucket": "artifacts", "Key": "s"})

    assert asked(call("s3", copy)) == [
        ("s3:PutObject", "arn:aws:s3:::b/k"),
        ("s3:GetObject", "arn:aws:s3:::artifacts/s"),
        ("kms:Decrypt", KEY),
    ]

    def delete(client: Any) -> None:
        client.delete_objects(Bucket="b", Delete={"Objects": [{"Key": "1"}, {"Key": "2", "VersionId": "v"}]})

    assert asked(call("s3", delete)) == [
        ("s3:DeleteObject", "arn:aws:s3:::b/1"),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::b/2"),
    ]


def test_only_a_reader_that_may_list_learns_that_an_object_is_not_there() -> None:
    own = call("s3", lambda c: c.head_object(Bucket="artifacts", Key="k")).needs[0]
    listing = absence_need(own)
    assert listing is not None
    assert (listing.action, listing.resource) == ("s3:ListBucket", "arn:aws:s3:::artifacts")
    assert absence_need(Need("s3:PutObject", "arn:aws:s3:::artifacts/k", DEV)) is None


@pytest.mark.parametrize(
    ("service", "ask", "needs"),
    [
        ("sts", lambda c: c.get_caller_identity(), []),
        (
            "kms",
            lambda c: c.decrypt(CiphertextBlob=b"x", KeyId="alias/artifacts"),
            [("kms:Decrypt", KEY)],
        ),
        ("kms", lambda c: c.decrypt(CiphertextBlob=b"sealed"), [("kms:Decrypt", KEY)]),
        ("kms", lambda c: c.describe_key(KeyId="1"), [("kms:DescribeKey", f"arn:aws:kms:{REGION}:{PROD}:key/1")]),
        ("kms", lambda c: c.list_keys(), [("kms:ListKeys", "*")]),
        (
            "sagemaker",
            lambda c: c.list_model_packages(ModelPackageGroupName="digits"),
            [("sagemaker:ListModelPackages", f"arn:aws:sagemaker:{REGION}:{PROD}:model-package/digits/*")],
        ),
        (
            "sagemaker",
            lambda c: c.describe_model_package(
                ModelPackageName=f"arn:aws:sagemaker:{REGION}:{DEV}:model-package/digits/3"
            ),
            [("sagemaker:DescribeModelPackage", f"arn:aws:sagemaker:{REGION}:{DEV}:model-package/digits/3")],
        ),
        (
            "iot",
            lambda c: c.create_job(jobId="j", targets=[GROUP], document="{}"),
            [("iot:CreateJob", f"arn:aws:iot:{REGION}:{PROD}:job/j"), ("iot:CreateJob", GROUP)],
        ),
        (
            "iot",
            lambda c: c.add_thing_to_thing_group(thingGroupName="line-1", thingName="a"),
            [
                ("iot:AddThingToThingGroup", f"arn:aws:iot:{REGION}:{PROD}:thing/a"),
                ("iot:AddThingToThingGroup", GROUP),
            ],
        ),
        ("iot", lambda c: c.describe_thing_group(thingGroupName="line-1"), [("iot:DescribeThingGroup", GROUP)]),
        (
            "iot",
            lambda c: c.list_things_in_thing_group(thingGroupName="line-1"),
            [("iot:ListThingsInThingGroup", GROUP)],
        ),
        (
            "iot",
            lambda c: c.search_index(queryString="*"),
            [("iot:SearchIndex", f"arn:aws:iot:{REGION}:{PROD}:index/AWS_Things")],
        ),
        (
            "iot",
            lambda c: c.create_role_alias(roleAlias="A", roleArn=f"arn:aws:iam::{PROD}:role/T"),
            [
                ("iot:CreateRoleAlias", f"arn:aws:iot:{REGION}:{PROD}:rolealias/A"),
                ("iam:PassRole", f"arn:aws:iam::{PROD}:role/T"),
            ],
        ),
        (
            "iot-data",
            lambda c: c.get_thing_shadow(thingName="a", shadowName="mlops"),
            [("iot:GetThingShadow", f"arn:aws:iot:{REGION}:{PROD}:thing/a")],
        ),
        (
            "iot-data",
            lambda c: c.publish(topic="cmd/app/a/report", payload=b"{}"),
            [("iot:Publish", f"arn:aws:iot:{REGION}:{PROD}:topic/cmd/app/a/report")],
        ),
        (
            "iam",
            lambda c: c.put_role_policy(RoleName="R", PolicyName="P", PolicyDocument="{}"),
            [("iam:PutRolePolicy", f"arn:aws:iam::{PROD}:role/R")],
        ),
        ("iam", lambda c: c.list_roles(), [("iam:ListRoles", "*")]),
        (
            "logs",
            lambda c: c.create_log_stream(logGroupName="g", logStreamName="s"),
            [("logs:CreateLogStream", f"arn:aws:logs:{REGION}:{PROD}:log-group:g:log-stream:s")],
        ),
        ("events", lambda c: c.list_rules(), [("events:ListRules", "*")]),
    ],
)
def test_the_needs_of_each_service_name_its_resources(
    service: str, ask: Callable[[Any], object], needs: list[tuple[str, str]]
) -> None:
    assert asked(call(service, ask)) == needs


def test_assuming_a_role_is_asked_of_the_roles_account_with_the_external_id() -> None:
    def assume(client: Any) -> None:
        client.assume_role(
            RoleArn=f"arn:aws:iam::{DEV}:role/Deploy",
            RoleSessionName="pipeline",
            ExternalId="mlops",
            Tags=[{"Key": "team", "Value": "ml"}],
        )

    own, tagging = call("sts", assume).needs
    assert (own.action, own.resource, own.owner) == ("sts:AssumeRole", f"arn:aws:iam::{DEV}:role/Deploy", DEV)
    assert own.context["sts:externalid"] == ("mlops",)
    assert (tagging.action, tagging.because_of) == ("sts:TagSession", "sts:AssumeRole")
    assert tagging.context["aws:requesttag/team"] == ("ml",)
