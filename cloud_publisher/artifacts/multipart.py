"""Uploads one large file in parts, several at a time; parts that an interrupted run has sent are not sent again.

The last call creates the object, create-only. S3 verifies the SHA-256 of each part when it arrives, and of all of them
at the end. An interrupted run leaves its parts for the next one; parts of more than a day ago are removed (a lifecycle
rule of the bucket may do so as well).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cloud_publisher.artifacts.keys import component_prefix
from cloud_publisher.artifacts.parts import Part, StoredPart, parts_of, sha256_base64
from cloud_publisher.cloud_errors import asking
from cloud_publisher.errors import CloudError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_AT_A_TIME = 4
"""Parts sent at the same time. An upload holds at most so many parts in memory."""
_STALE = timedelta(days=1)
_NOT_ALLOWED = {"AccessDenied", "403"}
_GONE = "NoSuchUpload"
_TAKEN = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
"""The key exists, or another upload is creating it: this upload can never be completed."""


@dataclass(frozen=True, slots=True)
class _Unfinished:
    """An upload that was begun and not completed."""

    key: str
    id: str
    begun: datetime


@dataclass(frozen=True, slots=True)
class MultipartUpload:
    """The upload of ``path`` to ``key``. ``advance`` is called with the bytes in the bucket, sent now or earlier."""

    s3: "S3Client"
    bucket: str
    component: str
    key: str
    path: Path
    advance: Callable[[int], None]

    def run(self) -> None:
        """Send what is missing, and complete.

        Raises ``CloudError``: ``PreconditionFailed`` when the key exists, ``NoSuchUpload`` when somebody else completed
        or ended the upload meanwhile.
        """
        parts = parts_of(self.path.stat().st_size)
        upload, done = self._resumable(parts) or (self._begin(), {})
        self.advance(sum(part.size for part in parts if part.number in done))
        missing = [part for part in parts if part.number not in done]
        pool = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="upload part")
        try:
            for sent in pool.map(lambda part: self._send(upload, part), missing):
                done[sent["PartNumber"]] = sent
        finally:
            pool.shutdown(cancel_futures=True)
        self._complete(upload, [done[part.number] for part in parts])

    def _begin(self) -> str:
        with asking(f"begin the upload of s3://{self.bucket}/{self.key}"):
            # The metadata has no content digest: a resumed upload may have been begun for another component version's
            # content with the same bytes. The record beside the artifact has it.
            return self.s3.create_multipart_upload(
                Bucket=self.bucket, Key=self.key, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE"
            )["UploadId"]

    def _send(self, upload: str, part: Part) -> "CompletedPartTypeDef":
        data = part.read(self.path)
        checksum = sha256_base64(data)
        with asking(f"upload part {part.number} of s3://{self.bucket}/{self.key}"):
            answer = self.s3.upload_part(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=upload,
                PartNumber=part.number,
                Body=data,
                ChecksumSHA256=checksum,
            )
        self.advance(part.size)
        return {"PartNumber": part.number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    def _complete(self, upload: str, parts: "list[CompletedPartTypeDef]") -> None:
        try:
            with asking(f"complete the upload of s3://{self.bucket}/{self.key}"):
                self.s3.complete_multipart_upload(
                    Bucket=self.bucket,
                    Key=self.key,
                    UploadId=upload,
                    MultipartUpload={"Parts": parts},
                    MpuObjectSize=self.path.stat().st_size,
                    IfNoneMatch="*",
                )
        except CloudError as error:
            # After any other error a later run may use the parts.
            if error.code in _TAKEN:
                self._abort(_Unfinished(self.key, upload, datetime.now(UTC)))
            raise

    def _resumable(self, parts: list[Part]) -> "tuple[str, dict[int, CompletedPartTypeDef]] | None":
        """Return the newest unfinished upload of this key that has parts, only this file's; stale ones are ended."""
        chosen = None
        for unfinished in sorted(self._unfinished(), key=lambda each: each.begun, reverse=True):
            if chosen is None and unfinished.key == self.key and (done := self._done(unfinished.id, parts)):
                chosen = (unfinished.id, done)
            elif datetime.now(UTC) - unfinished.begun > _STALE:
                self._abort(unfinished)
        return chosen

    def _unfinished(self) -> Iterator[_Unfinished]:
        prefix = component_prefix(self.component)
        try:
            with asking(f"list the unfinished uploads below s3://{self.bucket}/{prefix}"):
                pages = self.s3.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix)
                found = [each for page in pages for each in page.get("Uploads", [])]
        except CloudError as error:
            # A role that may only write can still upload; it sends all parts again each time.
            if error.code not in _NOT_ALLOWED:
                raise
            found = []
        return (_Unfinished(each["Key"], each["UploadId"], each["Initiated"]) for each in found)

    def _done(self, upload: str, parts: list[Part]) -> "dict[int, CompletedPartTypeDef]":
        """The parts that an unfinished upload holds; empty unless each is this file's: another build may be at it."""
        stored: list[StoredPart] = []
        try:
            with asking(f"list the parts of the unfinished upload of s3://{self.bucket}/{self.key}"):
                pages = self.s3.get_paginator("list_parts").paginate(Bucket=self.bucket, Key=self.key, UploadId=upload)
                for listed in (each for page in pages for each in page.get("Parts", [])):
                    etag, checksum = listed["ETag"].strip('"'), listed.get("ChecksumSHA256")
                    stored.append(StoredPart(listed["PartNumber"], listed["Size"], etag, checksum))
        except CloudError as error:
            if error.code not in {_GONE, *_NOT_ALLOWED}:
                raise
            return {}
        by_number = {part.number: part for part in parts}
        done: dict[int, CompletedPartTypeDef] = {}
        for there in stored:
            part = by_number.get(there.number)
            data = part.read(self.path) if part is not None else b""
            if not there.holds(data):
                return {}
            checksum = sha256_base64(data)
            done[there.number] = {"PartNumber": there.number, "ETag": f'"{there.etag}"', "ChecksumSHA256": checksum}
        return done

    def _abort(self, unfinished: _Unfinished) -> None:
        try:
            with asking(f"end the unfinished upload of s3://{self.bucket}/{unfinished.key}"):
                self.s3.abort_multipart_upload(Bucket=self.bucket, Key=unfinished.key, UploadId=unfinished.id)
        except CloudError as error:
            # Tidying: whoever may not do it, or comes too late for it, has uploaded all the same.
            if error.code not in {_GONE, *_NOT_ALLOWED}:
                raise
