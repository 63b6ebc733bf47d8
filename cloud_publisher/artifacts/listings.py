"""A version's listing: what it was made from, part by part. `plan` reads it to say which file changed.

It is only for explanation: without a listing `plan` cannot say why a component is built, and that is all.
"""

import json
from typing import TYPE_CHECKING

from cloud_publisher.artifacts.keys import listing_key
from cloud_publisher.artifacts.uploaded import Uploaded
from cloud_publisher.cloud_errors import asking
from cloud_publisher.errors import CloudError
from cloud_publisher.versions import newest
from shared_schema.json_value import JsonObject
from shared_schema.release import ReleaseComponent

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_THERE = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
_ABSENT = {"NoSuchKey", "404"}


def upload_listing(s3: "S3Client", bucket: str, component: ReleaseComponent, listing: JsonObject) -> None:
    """Upload the listing beside the version's artifacts, unless it is there already. Raises ``CloudError``."""
    key = listing_key(component.name, component.version, component.content_digest)
    body = json.dumps(listing, sort_keys=True, ensure_ascii=False).encode()
    try:
        with asking(f"upload s3://{bucket}/{key}"):
            s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*", ChecksumAlgorithm="SHA256")
    except CloudError as error:
        if error.code not in _THERE:
            raise


def newest_listing(s3: "S3Client", bucket: str, uploaded: Uploaded) -> tuple[str, JsonObject | None] | None:
    """Return the newest version that was completely uploaded, and its listing if it has one; None without a version.

    Raises ``CloudError``.
    """
    digests = {version: digest for digest, versions in uploaded.recorded.items() for version in versions}
    version = newest(digests)
    if version is None:
        return None
    key = listing_key(uploaded.component, version, digests[version])
    try:
        with asking(f"read s3://{bucket}/{key}"):
            read = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except CloudError as error:
        if error.code in _ABSENT:
            return version, None
        raise
    except ValueError:
        return version, None
    return version, read if isinstance(read, dict) else None
