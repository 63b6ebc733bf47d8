"""The registry, buckets and things that our programs use answer as AWS's do, also where moto's do not."""

import base64
import hashlib
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from greengrass_emulator.cloud.clients import client_for
from greengrass_emulator.cloud.cloud import Cloud


@pytest.fixture
def sagemaker(cloud: Cloud) -> Any:
    return cloud.client("sagemaker")


@pytest.fixture
def packages(sagemaker: Any, unique: str) -> list[str]:
    """A group with five packages, of which the second and the fourth are approved."""
    sagemaker.create_model_package_group(ModelPackageGroupName=unique)
    specification = {
        "Containers": [{"Image": "image", "ModelDataUrl": "s3://models/model.tar.gz"}],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }
    arns = [
        sagemaker.create_model_package(ModelPackageGroupName=unique, InferenceSpecification=specification)[
            "ModelPackageArn"
        ]
        for _ in range(5)
    ]
    for index in (1, 3):
        sagemaker.update_model_package(ModelPackageArn=arns[index], ModelApprovalStatus="Approved")
    return arns


def versions(pages: Any) -> list[list[int]]:
    return [[p["ModelPackageVersion"] for p in page["ModelPackageSummaryList"]] for page in pages]


def test_packages_are_listed_oldest_first_by_default(sagemaker: Any, unique: str, packages: list[str]) -> None:
    lister = sagemaker.get_paginator("list_model_packages")
    paging = {"PageSize": 2}
    plain = lister.paginate(ModelPackageGroupName=unique, PaginationConfig=paging)
    assert versions(plain) == [[1, 2], [3, 4], [5]]
    newest = lister.paginate(ModelPackageGroupName=unique, SortOrder="Descending", PaginationConfig=paging)
    assert versions(newest) == [[5, 4], [3, 2], [1]]


def test_the_approved_packages_come_through_every_page(sagemaker: Any, unique: str, packages: list[str]) -> None:
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=unique,
        ModelApprovalStatus="Approved",
        SortOrder="Descending",
        PaginationConfig={"PageSize": 1},
    )
    assert [version for page in versions(pages) for version in page] == [4, 2]


def test_a_package_begins_pending(sagemaker: Any, packages: list[str]) -> None:
    described = sagemaker.describe_model_package(ModelPackageName=packages[0])
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == "s3://models/model.tar.gz"


def test_a_package_group_is_not_made_twice(sagemaker: Any, unique: str, packages: list[str]) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName=unique)
    assert len(sagemaker.list_model_packages(ModelPackageGroupName=unique)["ModelPackageSummaryList"]) == 5


def test_a_package_of_an_absent_group_is_refused(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        sagemaker.create_model_package(ModelPackageGroupName="never-made")


def test_an_object_is_created_once(cloud: Cloud, bucket: str) -> None:
    s3 = cloud.client("s3", account="preprod")
    s3.put_object(Bucket=bucket, Key="k", Body=b"one", IfNoneMatch="*")
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=bucket, Key="k", Body=b"two", IfNoneMatch="*")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"one"


def test_a_checksum_is_checked_and_kept(cloud: Cloud, bucket: str) -> None:
    s3 = cloud.client("s3", account="preprod")
    checksum = base64.b64encode(hashlib.sha256(b"one").digest()).decode()
    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"two", ChecksumSHA256=checksum)
    s3.put_object(Bucket=bucket, Key="k", Body=b"one", ChecksumSHA256=checksum)
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumSHA256"] == checksum


@pytest.mark.parametrize("operation", ["put_object", "get_object", "list_objects_v2", "get_bucket_location"])
def test_an_unknown_bucket_is_not_found(cloud: Cloud, operation: str) -> None:
    more = {"Key": "k"} if operation in {"put_object", "get_object"} else {}
    with pytest.raises(ClientError, match="NoSuchBucket"):
        getattr(cloud.client("s3"), operation)(Bucket="no-such-bucket-at-all", **more)


def test_the_things_of_a_group_come_in_pages_and_with_its_children(cloud: Cloud, unique: str) -> None:
    iot = cloud.client("iot", account="prod")
    iot.create_thing_group(thingGroupName=unique)
    iot.create_thing_group(thingGroupName=f"{unique}-child", parentGroupName=unique)
    for thing, group in ((f"{unique}-1", unique), (f"{unique}-2", unique), (f"{unique}-3", f"{unique}-child")):
        iot.create_thing(thingName=thing)
        iot.add_thing_to_thing_group(thingGroupName=group, thingName=thing)
    first = iot.list_things_in_thing_group(thingGroupName=unique, maxResults=1)
    assert first["things"] == [f"{unique}-1"]
    second = iot.list_things_in_thing_group(thingGroupName=unique, maxResults=1, nextToken=first["nextToken"])
    assert second["things"] == [f"{unique}-2"]
    assert second.get("nextToken") is None
    everything = iot.list_things_in_thing_group(thingGroupName=unique, recursive=True)["things"]
    assert everything == [f"{unique}-1", f"{unique}-2", f"{unique}-3"]
    with pytest.raises(iot.exceptions.ResourceNotFoundException):
        iot.list_things_in_thing_group(thingGroupName="never-made")


@pytest.fixture
def far_away(cloud: Cloud, unique: str) -> str:
    """A bucket in another region than the cloud's."""
    name = f"{unique}-far"
    client = regional(cloud, "eu-central-1")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return name


def regional(cloud: Cloud, region: str) -> Any:
    """An S3 client of another region."""
    return client_for("s3", cloud.endpoint_url, region, cloud.endpoints("dev").key)


@pytest.mark.parametrize(("method", "path"), [("HEAD", ""), ("HEAD", "/k"), ("GET", "/k"), ("PUT", "/k"), ("GET", "")])
def test_a_request_for_a_bucket_of_another_region_is_redirected(
    cloud: Cloud, far_away: str, method: str, path: str
) -> None:
    """Signed for the cloud's region, and sent without an SDK, which would follow the redirect."""
    address = urlsplit(cloud.endpoint_url)
    connection = HTTPConnection(str(address.hostname), address.port or 80, timeout=10)
    scope = f"{cloud.endpoints('dev').key.access_key_id}/20260101/{cloud.region}/s3/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    try:
        connection.request(method, f"/{far_away}{path}", headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode()
    finally:
        connection.close()
    assert (answer.status, answer.headers["x-amz-bucket-region"]) == (301, "eu-central-1")
    assert ("<Code>PermanentRedirect</Code>" in body) == (method != "HEAD")
    assert ("PermanentRedirect" in body) == (f"<Endpoint>{far_away}.s3.eu-central-1.amazonaws.com</Endpoint>" in body)


def test_an_sdk_follows_to_the_bucket_s_region(cloud: Cloud, far_away: str) -> None:
    here = cloud.client("s3")
    assert here.get_bucket_location(Bucket=far_away)["LocationConstraint"] == "eu-central-1"
    here.put_object(Bucket=far_away, Key="k", Body=b"one", IfNoneMatch="*")
    assert here.get_object(Bucket=far_away, Key="k")["Body"].read() == b"one"
    assert cloud.client("s3").head_object(Bucket=far_away, Key="k")["ContentLength"] == 3
    assert cloud.client("s3").head_bucket(Bucket=far_away)["BucketRegion"] == "eu-central-1"
    assert [each["Key"] for each in cloud.client("s3").list_objects_v2(Bucket=far_away)["Contents"]] == ["k"]
    assert regional(cloud, "eu-central-1").get_object(Bucket=far_away, Key="k")["Body"].read() == b"one"
