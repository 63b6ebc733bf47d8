"""What the bucket has of a component: its versions, and which of them has which content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cloud_publisher.artifacts.keys import ROOT, component_prefix, digest_in_record_name, record_key, version_and_name
from cloud_publisher.cloud_errors import asking
from cloud_publisher.errors import CloudError
from cloud_publisher.versions import newest
from shared_schema.release import ReleaseComponent

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One listing of a component's prefix. ``objects``: sizes in bytes by key; ``recorded``: versions by digest."""

    component: str
    versions: frozenset[str]
    objects: dict[str, int]
    recorded: dict[str, tuple[str, ...]]


def check_bucket(s3: "S3Client", bucket: str) -> None:
    """Raise ``CloudError`` for a bucket that does not exist or may not be used. Called before anything is built."""
    try:
        with asking(f"use the artifact bucket {bucket!r}"):
            # Not HeadBucket: the build role may list below this prefix, and nowhere else (infra_policies).
            s3.list_objects_v2(Bucket=bucket, Prefix=f"{ROOT}/", MaxKeys=1)
    except CloudError as error:
        if error.code in {"404", "NoSuchBucket"}:
            raise CloudError(
                f"the artifact bucket {bucket!r} does not exist",
                "create it in the dev account, or correct --bucket, ARTIFACT_BUCKET or artifact-bucket",
                code="NoSuchBucket",
            ) from error
        raise


def list_uploaded(s3: "S3Client", bucket: str, component: str) -> Uploaded:
    """List what a component has in the bucket. Raises ``CloudError``."""
    with asking(f"list what {component} has in the artifact bucket {bucket!r}"):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=component_prefix(component))
        sizes = {each["Key"]: each["Size"] for page in pages for each in page.get("Contents", [])}
    return uploaded_of(component, sizes)


def uploaded_of(component: str, sizes: Mapping[str, int]) -> Uploaded:
    """Return the same from keys with their sizes, all of them below the component's prefix."""
    versions: set[str] = set()
    objects: dict[str, int] = {}
    recorded: dict[str, tuple[str, ...]] = {}
    for key, size in sizes.items():
        found = version_and_name(component, key)
        if found is None:
            continue
        version, name = found
        versions.add(version)
        objects[key] = size
        if digest := digest_in_record_name(name):
            recorded[digest] = (*recorded.get(digest, ()), version)
    return Uploaded(component, frozenset(versions), objects, recorded)


def recorded_component(s3: "S3Client", bucket: str, uploaded: Uploaded, content_digest: str) -> ReleaseComponent | None:
    """Return the newest version with this content, as it was built; None if no such version has all its artifacts.

    Raises ``CloudError``.
    """
    versions: Sequence[str] = uploaded.recorded.get(content_digest, ())
    while versions:
        version = newest(versions)
        if version is None:
            return None
        key = record_key(uploaded.component, version, content_digest)
        with asking(f"read s3://{bucket}/{key}"):
            text = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        try:
            component = ReleaseComponent.model_validate_json(text)
        except ValidationError:
            # A record of another publisher version: the component is built again, under the next version.
            component = None
        if component is not None and is_whole(bucket, uploaded, component):
            return component
        versions = [each for each in versions if each != version]
    return None


def is_whole(bucket: str, uploaded: Uploaded, component: ReleaseComponent) -> bool:
    """Return whether every artifact is still in the bucket: a lifecycle rule may have removed one."""
    return all(
        uploaded.objects.get(artifact.uri.removeprefix(f"s3://{bucket}/")) == artifact.size
        for artifact in component.artifacts
    )
