"""Checks the artifact bucket by the calls that a nucleus makes: its location, HeadObject, GetObject; then its key.

Source of the order: docs/greengrass-facts.md, "Downloads"; a 403 on the first fails a device's deployment.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cloud_publisher.cloud_errors import asking
from cloud_publisher.doctor.check import Check, failed, not_checked, refused, well
from cloud_publisher.doctor.facts import Facts
from cloud_publisher.errors import CloudError
from cloud_publisher.session import Account

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FIND = ("deploy-role#FindTheBucket", "token-exchange-role#FindTheBucket", "artifact-bucket#NucleiFindTheBucket")
_READ = ("deploy-role#ReadArtifacts", "token-exchange-role#ReadArtifacts", "artifact-bucket#ReadArtifacts")
_DECRYPT = ("deploy-role#DecryptThroughS3", "token-exchange-role#DecryptThroughS3", "artifact-key#ReadThroughS3")
_US_EAST_1 = "us-east-1"
"""The region for which S3 answers an empty location."""
_ABSENT = {"404", "NoSuchKey", "NotFound"}


def check_bucket(facts: Facts, account: Account) -> Iterator[Check]:
    """Return the checks of the bucket's location, of HeadObject, of GetObject, and of the key."""
    if facts.bucket is None:
        yield not_checked(
            facts, "bucket location", "the config names no artifact bucket", "give --bucket, or artifact-bucket:"
        )
        return
    s3 = account.s3_in(facts.bucket_region)
    yield _location(facts, facts.bucket, s3)
    if facts.artifact is None:
        words = "no artifact of a release is known"
        for name in ("bucket head", "bucket get", "key"):
            yield not_checked(facts, name, words, "run build first, or give its folder with --dist")
        return
    bucket, _, key = facts.artifact.removeprefix("s3://").partition("/")
    yield from _head(facts, bucket, key, s3)
    yield _get(facts, bucket, key, s3)


def _location(facts: Facts, bucket: str, s3: "S3Client") -> Check:
    name = "bucket location"
    try:
        with asking(f"ask where the bucket {bucket} is"):
            answer: Mapping[str, object] = s3.get_bucket_location(Bucket=bucket)
    except CloudError as error:
        return refused(facts, name, error, _FIND)
    found = answer.get("LocationConstraint") or _US_EAST_1
    if found != facts.bucket_region:
        problem = f"{bucket} is in {found}, and not in {facts.bucket_region}"
        return failed(facts, name, problem, "correct the region of dev")
    return well(name, f"{bucket} is in {found}")


def _head(facts: Facts, bucket: str, key: str, s3: "S3Client") -> Iterator[Check]:
    try:
        with asking(f"ask for the head of s3://{bucket}/{key}"):
            answer = s3.head_object(Bucket=bucket, Key=key)
    except CloudError as error:
        if error.code in _ABSENT:
            yield failed(facts, "bucket head", f"{facts.artifact} is not there", "run build again")
        else:
            yield refused(facts, "bucket head", error, _READ)
        return
    yield well("bucket head", f"{facts.artifact} is there")
    used = answer.get("SSEKMSKeyId")
    if facts.key is None:
        yield not_checked(facts, "key", "the config names no key", "add stages.dev.key")
    elif used != facts.key:
        yield failed(
            facts,
            "key",
            f"{facts.artifact} is encrypted with {used or 'no key of ours'}, and stages.dev.key is {facts.key}",
            "set the bucket's default encryption to that key, or correct stages.dev.key, and build again",
            ("artifact-bucket#NoOtherKey",),
        )
    else:
        yield well("key", used)


def _get(facts: Facts, bucket: str, key: str, s3: "S3Client") -> Check:
    try:
        with asking(f"get s3://{bucket}/{key}"):
            body = s3.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")["Body"]
            body.close()
    except CloudError as error:
        denied = _DECRYPT if "kms" in error.problem.lower() else _READ
        return refused(facts, "bucket get", error, denied)
    return well("bucket get", f"{facts.artifact} can be read")
