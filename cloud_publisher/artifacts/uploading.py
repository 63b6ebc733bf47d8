"""Uploads files create-only, so that no object is ever overwritten, with a checksum that S3 verifies.

``PutObject`` with ``If-None-Match: *``, and above a threshold in parts; boto3's ``upload_file`` cannot be create-only
(docs/greengrass-facts.md, "The cloud API").
"""

import base64
import hashlib
import io
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cloud_publisher.artifacts.keys import artifact_key, artifact_uri, record_key
from cloud_publisher.artifacts.multipart import MultipartUpload
from cloud_publisher.artifacts.parts import composite_checksum_of_file
from cloud_publisher.cloud_errors import asking
from cloud_publisher.errors import ArtifactConflictError, CloudError
from shared_schema.digests import sha256_of_file
from shared_schema.release import ReleaseArtifact, ReleaseComponent

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EXISTS = {"PreconditionFailed", "412"}
_RACING = {"ConditionalRequestConflict", "409"}
_ATTEMPTS = 5
IN_PARTS_FROM = 16 << 20
"""Bytes: a larger file goes in parts."""


def describe_artifact(path: Path, *, bucket: str, component: str, version: str) -> ReleaseArtifact:
    """Return the artifact that ``path`` will be once it is uploaded."""
    uri = artifact_uri(bucket, component, version, path.name)
    return ReleaseArtifact(uri=uri, sha256=sha256_of_file(path), size=path.stat().st_size)


def upload_artifact(
    s3: "S3Client",
    path: Path,
    artifact: ReleaseArtifact,
    *,
    bucket: str,
    component: str,
    version: str,
    digest: str,
    advance: Callable[[int], None],
) -> None:
    """Upload one artifact, unless it is there already with the same bytes.

    ``digest`` is the content digest; ``advance`` is called with the bytes sent since its last call.

    Raises ``ArtifactConflictError`` if it is there with other bytes, ``CloudError``.
    """
    key = artifact_key(component, version, path.name)
    if artifact.size > IN_PARTS_FROM:
        created = _create_in_parts(MultipartUpload(s3, bucket, component, key, path, advance))
    else:
        with _WatchedFile(path, advance) as body:
            created = create_object(s3, bucket, key, body, artifact.sha256, {"content-digest": digest})
    if created:
        return
    there = _sha256_in_bucket(s3, bucket, key, path, artifact.sha256)
    if there != artifact.sha256:
        raise ArtifactConflictError(
            f"{artifact.uri} exists with other bytes: its SHA-256 is {there}, and the new one's {artifact.sha256}",
            "run the build again: it takes the next version. Nothing was overwritten",
        )


def upload_record(s3: "S3Client", bucket: str, component: ReleaseComponent) -> None:
    """Upload a version's record, which makes it reusable: after all of its artifacts. Raises ``CloudError``."""
    key = record_key(component.name, component.version, component.content_digest)
    body = component.model_dump_json(by_alias=True, exclude_none=True, indent=2).encode()
    # A record that is there already says the same: its name has the digest of all that it was made from.
    create_object(s3, bucket, key, body, hashlib.sha256(body).hexdigest(), {"content-digest": component.content_digest})


class _WatchedFile(io.FileIO):
    """A file that reports how many bytes were read; a seek back, before another attempt, reports a negative number."""

    def __init__(self, path: Path, advance: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._advance = advance
        self._reported = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size)
        self._report()
        return data

    def _report(self) -> None:
        place = self.tell()
        self._advance(place - self._reported)
        self._reported = place


def create_object(
    s3: "S3Client", bucket: str, key: str, body: io.FileIO | bytes, sha256: str, metadata: dict[str, str]
) -> bool:
    """Create an object with its SHA-256 (hexadecimal). Returns False if the key exists. Raises ``CloudError``."""
    checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
    for attempt in range(_ATTEMPTS):
        try:
            with asking(f"upload s3://{bucket}/{key}"):
                s3.put_object(
                    Bucket=bucket, Key=key, Body=body, IfNoneMatch="*", ChecksumSHA256=checksum, Metadata=metadata
                )
        except CloudError as error:
            if error.code in _EXISTS:
                return False
            # Another build is writing the same key; try again a little later.
            if error.code not in _RACING or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.2 * 2**attempt)
            if not isinstance(body, bytes):
                body.seek(0)
        else:
            return True
    return False


def _create_in_parts(upload: MultipartUpload) -> bool:
    """Create the object in parts. Returns False if the key exists."""
    for attempt in range(_ATTEMPTS):
        # S3 checks the condition only at the end, after all the parts.
        if _exists(upload.s3, upload.bucket, upload.key):
            return False
        moved = _Counted(upload.advance)
        try:
            replace(upload, advance=moved).run()
        except CloudError as error:
            if error.code in _EXISTS:
                return False
            # Another build completed, ended or is completing the same upload: check again whether the object is there.
            if error.code not in {*_RACING, "NoSuchUpload"} or attempt == _ATTEMPTS - 1:
                raise
            upload.advance(-moved.total)
            time.sleep(0.2 * 2**attempt)
        else:
            return True
    return False


class _Counted:
    """Passes on the bytes that were sent, and counts them. Called from several threads."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._lock = threading.Lock()
        self.total = 0

    def __call__(self, moved: int) -> None:
        with self._lock:
            self.total += moved
            self._advance(moved)


def _exists(s3: "S3Client", bucket: str, key: str) -> bool:
    try:
        with asking(f"look at s3://{bucket}/{key}"):
            s3.head_object(Bucket=bucket, Key=key)
    except CloudError as error:
        # 403: to a role that may not list, S3 does not say that an object does not exist.
        if error.code in {"404", "NoSuchKey", "403"}:
            return False
        raise
    return True


def _sha256_in_bucket(s3: "S3Client", bucket: str, key: str, path: Path, sha256: str) -> str:
    """Return the SHA-256 of an object: from its checksum in S3 if that is conclusive, else computed from its bytes.

    ``path`` is the file that the object should have, and ``sha256`` that file's digest.
    """
    with asking(f"look at s3://{bucket}/{key}"):
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        checksum = head.get("ChecksumSHA256", "")
        # An object of parts has a checksum of their checksums, which ends with their number.
        if checksum and "-" not in checksum:
            return base64.b64decode(checksum).hex()
        if checksum and checksum == composite_checksum_of_file(path):
            return sha256
        digest = hashlib.sha256()
        for chunk in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
            digest.update(chunk)
        return digest.hexdigest()
