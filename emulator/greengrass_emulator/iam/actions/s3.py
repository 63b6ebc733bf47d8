"""S3. Sources: Service Authorization Reference, "Amazon S3"; S3 User Guide, "Required permissions for S3 API
operations" and "Using server-side encryption with AWS KMS keys".

Actions have other names than operations: HeadObject is ``s3:GetObject``, every step of a multipart upload but the abort
is ``s3:PutObject``. An object under a KMS key also needs a right of the caller to the key.
"""

from collections.abc import Iterable
from urllib.parse import unquote
from xml.etree import ElementTree

from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.iam.actions.kms import key_use
from greengrass_emulator.iam.actions.operations import Operation
from greengrass_emulator.iam.actions.resources import ANY, Encryption, Lookups
from greengrass_emulator.iam.requests import Need, partition_of_region

_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
# With a version in the request, these are permissions of their own.
_OF_VERSION = {
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}
_OF_OWNER = {"ListBuckets", "CreateBucket"}
# Header of a write: what it needs besides PutObject.
_BESIDES = {
    "x-amz-tagging": "PutObjectTagging",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
}
_GRANTS = ("x-amz-acl", "x-amz-grant-read", "x-amz-grant-full-control", "x-amz-grant-read-acp", "x-amz-grant-write-acp")
_HEADER_KEYS = (
    "x-amz-acl", "x-amz-copy-source", "x-amz-metadata-directive", "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-storage-class", "x-amz-content-sha256", "if-none-match",
)  # fmt: skip
_QUERY_KEYS = ("prefix", "delimiter", "max-keys")


def s3_needs(request: HttpRequest, operation: Operation, lookups: Lookups) -> tuple[Need, ...]:
    """Return the needs for the object or bucket, those that a write adds, and the key's."""
    return _Reader(request, operation, lookups).needs()


def absence_need(need: Need) -> Need | None:
    """Return the need for learning that an object is missing: without ``s3:ListBucket`` S3 answers 403, not 404.

    Source: S3 API Reference, GetObject and HeadObject, "Permissions". None for a need that reads no object.
    """
    if need.action not in {"s3:GetObject", "s3:GetObjectVersion"} or need.because_of:
        return None
    listing = "s3:ListBucketVersions" if need.action.endswith("Version") else "s3:ListBucket"
    return Need(listing, need.resource.partition("/")[0], need.owner, need.context, need.action)


class _Reader:
    def __init__(self, request: HttpRequest, operation: Operation, lookups: Lookups) -> None:
        self._request = request
        self._operation = operation
        self._lookups = lookups
        self._bucket = operation.text("Bucket") or ""
        self._key = operation.text("Key") or ""
        self._prefix = f"arn:{partition_of_region(request.region)}:s3:::"
        self._version = request.query_value("versionId")
        self._action = _ACTIONS.get(operation.name, operation.name)

    def needs(self) -> tuple[Need, ...]:
        if self._operation.name == "ListBuckets":
            return (self._need("ListAllMyBuckets", ANY),)
        if self._operation.name == "DeleteObjects":
            return tuple(self._deleted())
        action = _OF_VERSION.get(self._action, self._action) if self._version else self._action
        own = self._need(action, self._arn(self._bucket, self._key))
        return (own, *self._besides(own.action), *self._copied(own.action), *self._keys(own.action))

    def _need(self, action: str, resource: str, because_of: str = "", bucket: str = "") -> Need:
        owner = None if self._operation.name in _OF_OWNER else self._lookups.bucket_owner(bucket or self._bucket)
        return Need(f"s3:{action}", resource, owner or self._request.account, self._context(), because_of)

    def _arn(self, bucket: str, key: str) -> str:
        return f"{self._prefix}{bucket}/{key}" if key else f"{self._prefix}{bucket}"

    def _context(self) -> dict[str, tuple[str, ...]]:
        context: dict[str, tuple[str, ...]] = {
            f"s3:{name}": (value,) for name in _HEADER_KEYS if (value := self._request.headers.get(name))
        }
        for name in _QUERY_KEYS:
            if (value := self._request.query_value(name)) is not None:
                context[f"s3:{name}"] = (value,)
        if self._version:
            context["s3:versionid"] = (self._version,)
        if self._action == "PutObject":
            # S3 User Guide, "Enforce conditional writes": the steps of an upload before its last create nothing yet.
            creates = self._operation.name in {"PutObject", "CopyObject", "CompleteMultipartUpload"}
            context["s3:objectcreationoperation"] = ("true" if creates else "false",)
        if begun := self._begun():
            # The upload's encryption also holds for its parts, which do not repeat it.
            context["s3:x-amz-server-side-encryption"] = ("aws:kms",)
            context["s3:x-amz-server-side-encryption-aws-kms-key-id"] = (begun.key_arn,)
        context["s3:signatureversion"] = ("AWS4-HMAC-SHA256",)
        return context

    def _besides(self, action: str) -> Iterable[Need]:
        if self._operation.name not in {"PutObject", "CreateMultipartUpload", "CopyObject"}:
            return
        resource = self._arn(self._bucket, self._key)
        for header, besides in _BESIDES.items():
            if header in self._request.headers:
                yield self._need(besides, resource, action)
        if any(self._request.headers.get(header, "private") != "private" for header in _GRANTS):
            yield self._need("PutObjectAcl", resource, action)

    def _copied(self, action: str) -> Iterable[Need]:
        source = self._request.headers.get("x-amz-copy-source")
        if not source or self._operation.name not in {"CopyObject", "UploadPartCopy"}:
            return
        path, _, version = unquote(source).removeprefix("/").partition("?versionId=")
        bucket, _, key = path.partition("/")
        arn = self._arn(bucket, key)
        yield self._need("GetObjectVersion" if version else "GetObject", arn, action, bucket)
        if encryption := self._lookups.object_encryption(bucket, key, version or None):
            yield key_use("kms:Decrypt", encryption, bucket, arn, self._request, action)

    def _keys(self, action: str) -> Iterable[Need]:
        arn = self._arn(self._bucket, self._key)
        match self._operation.name:
            case "GetObject":
                encryption = self._lookups.object_encryption(self._bucket, self._key, self._version)
                wanted: tuple[str, ...] = ("kms:Decrypt",)
            case "HeadObject" if self._request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
                # S3 API Reference, HeadObject: the checksum of an encrypted object needs the key.
                encryption = self._lookups.object_encryption(self._bucket, self._key, self._version)
                wanted = ("kms:Decrypt",)
            case "PutObject" | "CopyObject":
                encryption, wanted = self._written(), ("kms:GenerateDataKey",)
            case "CreateMultipartUpload" | "UploadPart" | "UploadPartCopy" | "CompleteMultipartUpload":
                # A multipart upload reads its parts again: "Uploading with SSE-KMS" asks for both.
                encryption, wanted = self._begun() or self._written(), ("kms:GenerateDataKey", "kms:Decrypt")
            case _:
                return
        if encryption:
            for each in wanted:
                yield key_use(each, encryption, self._bucket, arn, self._request, action)

    def _begun(self) -> Encryption | None:
        upload = self._request.query_value("uploadId")
        return self._lookups.upload_encryption(self._bucket, upload) if upload else None

    def _written(self) -> Encryption | None:
        headers = self._request.headers
        default = self._lookups.bucket_encryption(self._bucket)
        algorithm = headers.get("x-amz-server-side-encryption")
        if algorithm is None:
            return default
        if not algorithm.startswith("aws:kms"):
            return None
        named = headers.get("x-amz-server-side-encryption-aws-kms-key-id")
        if named is None:
            return default
        region = self._request.region
        found = self._lookups.key_arn(self._request.account, region, named) or named
        if not found.startswith("arn:"):
            found = f"{self._prefix.removesuffix('s3:::')}kms:{region}:{self._request.account}:key/{named}"
        by_bucket = headers.get("x-amz-server-side-encryption-bucket-key-enabled", "").lower() == "true"
        return Encryption(found, by_bucket)

    def _deleted(self) -> Iterable[Need]:
        try:
            root = ElementTree.fromstring(self._request.read_body())  # noqa: S314 - expat expands no external entity
        except ElementTree.ParseError:
            root = ElementTree.Element("Delete")
        found = False
        for entry in root.iter():
            if not entry.tag.endswith("Object"):
                continue
            children = {child.tag.rpartition("}")[2]: child.text or "" for child in entry}
            action = "DeleteObjectVersion" if children.get("VersionId") else "DeleteObject"
            found = True
            yield self._need(action, self._arn(self._bucket, children.get("Key", "")))
        if not found:
            yield self._need("DeleteObject", self._arn(self._bucket, "*"))
