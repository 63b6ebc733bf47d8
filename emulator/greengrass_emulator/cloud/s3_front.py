"""Answers before moto's S3, where S3 is stricter than moto.

- A checksum from a client is checked and stored: moto stores a SHA-256 only for clients that also name the
  algorithm, and never compares it with the bytes; S3 answers ``BadDigest`` (Amazon S3 user guide, "Checking object
  integrity").
- A bucket is reached through its own region: a request for another one is answered with ``PermanentRedirect`` and the
  region's name (Amazon S3 API reference, "Error responses"), which SDKs follow (botocore's S3RegionRedirectorv2). The
  one port here stands for the endpoint of the region that a request is signed for.
"""

import base64
import hashlib
from urllib.parse import unquote
from xml.sax.saxutils import escape

from moto.s3.models import s3_backends

from greengrass_emulator.cloud.api_errors import Answer, BadDigestError
from greengrass_emulator.cloud.gateway import GatewayRequest

_MOVED = 301


def guard_buckets(request: GatewayRequest) -> Answer | None:
    """Return a redirect, or None to let moto answer. Raises ``BadDigestError``."""
    moved = _redirect(request)
    if moved is None:
        _check_digest(request)
    return moved


def _redirect(request: GatewayRequest) -> Answer | None:
    """GetBucketLocation is answered in any region: a nucleus asks it first to learn a bucket's region."""
    bucket, _, key = unquote(request.raw_path).removeprefix("/").partition("/")
    creates = request.method == "PUT" and not key and not request.query
    region = None if creates or "location" in request.query else _region_of(bucket)
    if region is None or region == request.region:
        return None
    endpoint = f"{bucket}.s3.{region}.amazonaws.com"
    body = (
        "<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must be addressed using "
        "the specified endpoint. Please send all future requests to this endpoint.</Message>"
        f"<Endpoint>{escape(endpoint)}</Endpoint><Bucket>{escape(bucket)}</Bucket></Error>"
    )
    headers = (("Content-Type", "application/xml"), ("x-amz-bucket-region", region))
    return Answer(_MOVED, b"" if request.method == "HEAD" else body.encode(), headers)


def _region_of(bucket: str) -> str | None:
    """Return a bucket's region; None for an unknown bucket."""
    partition, account = s3_backends.bucket_accounts.get(bucket, (None, None))
    if partition is None or account is None:
        return None
    found = s3_backends[account][partition].buckets.get(bucket)
    return str(found.location) if found else None


def _check_digest(request: GatewayRequest) -> None:
    """Check the checksum. moto checks that of a streamed upload."""
    claimed = request.environ.get("HTTP_X_AMZ_CHECKSUM_SHA256")
    streamed = "aws-chunked" in request.environ.get("HTTP_CONTENT_ENCODING", "")
    if request.method != "PUT" or not claimed or streamed:
        return
    if base64.b64encode(hashlib.sha256(request.body()).digest()).decode() != claimed:
        raise BadDigestError("The SHA256 you specified did not match the calculated checksum.")
    request.environ.setdefault("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", "SHA256")
