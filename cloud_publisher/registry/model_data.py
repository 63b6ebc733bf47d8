"""A model's data in S3: its objects, and what identifies them without a download.

The identity goes into the component's content digest: an object's checksum and version, or the listing of a tree.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_publisher.cloud_errors import asking
from cloud_publisher.errors import CloudError, ModelUnavailableError
from shared_schema.json_value import JsonObject, JsonValue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHECKSUMS = ("ChecksumSHA256", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumCRC32C", "ChecksumCRC32")
_ARCHIVES = (".tar.gz", ".tgz", ".tar")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One object of a model: its key, its name below the model's folder, its size in bytes."""

    key: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class ModelData:
    """A model's objects. ``is_archive``: the only one is an archive, to be unpacked. ``identity`` is a JSON value."""

    bucket: str
    files: tuple[ModelFile, ...]
    is_archive: bool
    identity: JsonValue
    source: str
    """For people: the model package's ARN, or the object's URI."""

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(file.size for file in self.files)


def looks_like_archive(name: str) -> bool:
    """Return whether a file of this name is unpacked before the build sees it."""
    return name.lower().endswith(_ARCHIVES)


def locate_object(s3: "S3Client", uri: str, *, is_archive: bool, source: str) -> ModelData:
    """Return the data that is one object. Raises ``ModelUnavailableError`` if it does not exist, ``CloudError``."""
    bucket, key = split_uri(uri, source)
    try:
        with asking(f"look at the model data {uri}"):
            head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except CloudError as error:
        if error.code in {"404", "NoSuchKey", "NoSuchBucket"}:
            raise ModelUnavailableError(
                f"the model data {uri} of {source} is not there",
                "upload it again, or approve a package whose data still exist",
            ) from error
        raise
    checksums = [f"{name}:{value}" for name in _CHECKSUMS if (value := head.get(name))]
    identity: JsonObject = {
        "checksum": checksums[0] if checksums else f"ETag:{head['ETag']}",
        "version": head.get("VersionId"),
    }
    name = key.rsplit("/", 1)[-1]
    return ModelData(bucket, (ModelFile(key, name, head["ContentLength"]),), is_archive, identity, source)


def locate_tree(s3: "S3Client", uri: str, *, source: str) -> ModelData:
    """Return the data that is every object below a prefix. Raises as ``locate_object`` does."""
    bucket, prefix = split_uri(uri, source)
    prefix = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
    files: list[ModelFile] = []
    listing: list[JsonValue] = []
    with asking(f"list the model data {uri}"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for each in page.get("Contents", []):
                name = each["Key"].removeprefix(prefix)
                # S3's console makes an empty object for a folder.
                if not name or name.endswith("/"):
                    continue
                files.append(ModelFile(each["Key"], name, each["Size"]))
                listing.append([name, each["ETag"], each["Size"]])
    if not files:
        raise ModelUnavailableError(
            f"there is nothing below {uri}, the model data of {source}", "upload it again, or approve another package"
        )
    return ModelData(bucket, tuple(files), False, {"listing": listing}, source)


def split_uri(uri: str, source: str) -> tuple[str, str]:
    """Return bucket and key of an ``s3://`` URI. Raises ``ModelUnavailableError`` for any other."""
    bucket, slash, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not slash:
        raise ModelUnavailableError(
            f"the model data of {source} is at {uri!r}, which is no S3 URI", "register the package with one"
        )
    return bucket, key
