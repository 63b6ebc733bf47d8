"""Uploads in parts, against an S3 whose answers a test chooses: races, refusals, and what others left unfinished."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud_publisher.artifacts import parts as parts_module
from cloud_publisher.artifacts import uploading
from cloud_publisher.artifacts.parts import composite_checksum_of_file, parts_of, sha256_base64
from cloud_publisher.artifacts.uploading import describe_artifact, upload_artifact
from cloud_publisher.errors import ArtifactConflictError, CloudError

CONTENT = b"".join(bytes([number]) * 100 for number in range(1, 6)) + b"the end"
KEY = "artifacts/greengrass/c/1.0.0/app.zip"
SIX = [1, 2, 3, 4, 5, 6]


def _error(code: str, operation: str = "Any") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class Pages:
    """A paginator of one page."""

    def __init__(self, page: Callable[..., dict[str, Any]]) -> None:
        self._page = page

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        yield self._page(**asked)


class PartsBucket:
    """Plays an S3 client that keeps parts. ``refused`` has the codes that completing is answered with, one a call."""

    def __init__(self, *refused: str) -> None:
        self.refused = list(refused)
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.begun: dict[str, datetime] = {}
        self.objects: dict[str, bytes] = {}
        self.sent: list[int] = []
        self.aborted: list[str] = []
        self.completed: dict[str, Any] = {}
        self.may_list = True
        self.with_checksums = True

    def head_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        if Key not in self.objects:
            raise _error("404")
        data = self.objects[Key]
        sums = [sha256_base64(data[part.offset : part.offset + part.size]) for part in parts_of(len(data))]
        return {"ChecksumSHA256": parts_module.composite_checksum(sums)}

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        data = self.objects[Key]

        class Body:
            def iter_chunks(self, size: int) -> Iterator[bytes]:
                yield data[:size]

        return {"Body": Body()}

    def create_multipart_upload(self, **_: Any) -> dict[str, Any]:
        name = f"upload-{len(self.begun) + 1}"
        self.leave(name, {}, datetime.now(UTC))
        return {"UploadId": name}

    def leave(self, name: str, parts: dict[int, bytes], begun: datetime) -> None:
        self.uploads[name], self.begun[name] = parts, begun

    def upload_part(self, *, UploadId: str, PartNumber: int, Body: bytes, **asked: Any) -> dict[str, Any]:
        assert asked["ChecksumSHA256"] == sha256_base64(Body)
        self.sent.append(PartNumber)
        self.uploads[UploadId][PartNumber] = Body
        return {"ETag": f'"{hashlib.md5(Body, usedforsecurity=False).hexdigest()}"'}

    def complete_multipart_upload(self, *, UploadId: str, Key: str, **asked: Any) -> dict[str, Any]:
        if self.refused:
            raise _error(self.refused.pop(0))
        self.completed = asked
        kept = self.uploads.pop(UploadId)
        self.objects[Key] = b"".join(kept[part["PartNumber"]] for part in asked["MultipartUpload"]["Parts"])
        return {}

    def abort_multipart_upload(self, *, UploadId: str, **_: Any) -> None:
        self.aborted.append(UploadId)
        self.uploads.pop(UploadId, None)

    def get_paginator(self, operation: str) -> Pages:
        return Pages(self._uploads if operation == "list_multipart_uploads" else self._parts)

    def _uploads(self, **_: Any) -> dict[str, Any]:
        if not self.may_list:
            raise _error("AccessDenied")
        return {"Uploads": [{"Key": KEY, "UploadId": name, "Initiated": self.begun[name]} for name in self.uploads]}

    def _parts(self, *, UploadId: str, **_: Any) -> dict[str, Any]:
        listed = []
        for number, data in self.uploads[UploadId].items():
            etag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
            part: dict[str, Any] = {"PartNumber": number, "Size": len(data), "ETag": etag}
            if self.with_checksums:
                part |= {"ChecksumSHA256": sha256_base64(data), "ETag": '"encrypted"'}
            listed.append(part)
        return {"Parts": listed}


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "PART_SIZE", 100)
    monkeypatch.setattr(uploading, "IN_PARTS_FROM", 250)


def _upload(s3: PartsBucket, tmp_path: Path, content: bytes = CONTENT) -> int:
    path = tmp_path / "app.zip"
    path.write_bytes(content)
    moved: list[int] = []
    artifact = describe_artifact(path, bucket="bucket", component="c", version="1.0.0")
    upload_artifact(
        s3,  # type: ignore[arg-type]
        path,
        artifact,
        bucket="bucket",
        component="c",
        version="1.0.0",
        digest="d" * 64,
        advance=moved.append,
    )
    return sum(moved)


def _part(number: int) -> bytes:
    return CONTENT[(number - 1) * 100 : number * 100]


def test_every_part_goes_once_with_its_checksum_and_the_object_is_create_only(tmp_path: Path) -> None:
    s3 = PartsBucket()
    assert _upload(s3, tmp_path) == len(CONTENT)
    assert sorted(s3.sent) == SIX
    assert s3.objects == {KEY: CONTENT}
    assert s3.completed["IfNoneMatch"] == "*"
    assert s3.completed["MpuObjectSize"] == len(CONTENT)
    assert [part["PartNumber"] for part in s3.completed["MultipartUpload"]["Parts"]] == SIX
    assert all(base64.b64decode(part["ChecksumSHA256"]) for part in s3.completed["MultipartUpload"]["Parts"])


@pytest.mark.parametrize("with_checksums", [True, False])
def test_parts_that_are_there_are_not_sent_again(tmp_path: Path, with_checksums: bool) -> None:
    s3 = PartsBucket()
    s3.with_checksums = with_checksums
    s3.leave("earlier", {1: _part(1), 4: _part(4)}, datetime.now(UTC))
    assert _upload(s3, tmp_path) == len(CONTENT)
    assert sorted(s3.sent) == [2, 3, 5, 6]
    assert s3.objects == {KEY: CONTENT}


@pytest.mark.parametrize("left", [{1: b"x" * 100}, {1: CONTENT[:100], 7: b"more"}, {6: b"the End"}, {}])
def test_another_build_s_parts_are_left_alone(tmp_path: Path, left: dict[int, bytes]) -> None:
    s3 = PartsBucket()
    s3.leave("another's", dict(left), datetime.now(UTC))
    _upload(s3, tmp_path)
    assert sorted(s3.sent) == SIX
    assert s3.uploads == {"another's": left}
    assert s3.aborted == []


def test_what_nobody_came_back_for_in_a_day_is_taken_away(tmp_path: Path) -> None:
    s3 = PartsBucket()
    s3.leave("old", {1: b"x" * 100}, datetime.now(UTC) - timedelta(hours=25))
    s3.leave("ours", {1: _part(1)}, datetime.now(UTC) - timedelta(hours=30))
    _upload(s3, tmp_path)
    assert s3.aborted == ["old"]
    assert sorted(s3.sent) == [2, 3, 4, 5, 6]


def test_a_role_that_may_not_list_uploads_begins_anew(tmp_path: Path) -> None:
    s3 = PartsBucket()
    s3.may_list = False
    s3.leave("earlier", {1: _part(1)}, datetime.now(UTC))
    _upload(s3, tmp_path)
    assert sorted(s3.sent) == SIX


@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "NoSuchUpload"])
def test_a_race_is_tried_again_and_the_bar_goes_back(tmp_path: Path, code: str) -> None:
    s3 = PartsBucket(code)
    assert _upload(s3, tmp_path) == len(CONTENT)
    assert s3.objects == {KEY: CONTENT}


def test_an_object_that_is_there_with_the_same_bytes_is_known_by_its_checksum(tmp_path: Path) -> None:
    s3 = PartsBucket()
    s3.objects[KEY] = CONTENT
    _upload(s3, tmp_path)
    assert s3.sent == []


def test_one_with_other_bytes_is_an_error_that_names_both_digests(tmp_path: Path) -> None:
    s3 = PartsBucket()
    s3.objects[KEY] = b"others"
    with pytest.raises(ArtifactConflictError) as refused:
        _upload(s3, tmp_path)
    for content in (b"others", CONTENT):
        assert hashlib.sha256(content).hexdigest() in refused.value.problem
    assert s3.objects[KEY] == b"others"


def test_one_that_came_meanwhile_is_seen_at_the_end_and_the_parts_are_taken_away(tmp_path: Path) -> None:
    s3 = PartsBucket("PreconditionFailed")
    complete = s3.complete_multipart_upload

    def somebody_was_quicker(**asked: Any) -> dict[str, Any]:
        s3.objects[KEY] = CONTENT
        return complete(**asked)

    s3.complete_multipart_upload = somebody_was_quicker  # type: ignore[method-assign]
    _upload(s3, tmp_path)
    assert s3.aborted == ["upload-1"]
    assert s3.uploads == {}


def test_a_refusal_leaves_the_parts_for_the_next_run(tmp_path: Path) -> None:
    s3 = PartsBucket()
    send = s3.upload_part

    def refuse_the_third(**asked: Any) -> dict[str, Any]:
        if asked["PartNumber"] == 3:
            raise _error("RequestTimeout")
        return send(**asked)

    s3.upload_part = refuse_the_third  # type: ignore[method-assign]
    with pytest.raises(CloudError, match=r"cannot upload part 3 of s3://bucket/artifacts/.*RequestTimeout"):
        _upload(s3, tmp_path)
    there = sorted(s3.uploads["upload-1"])
    s3.sent.clear()
    s3.upload_part = send  # type: ignore[method-assign]
    _upload(s3, tmp_path)
    assert sorted([*there, *s3.sent]) == SIX


def test_the_composite_checksum_is_that_of_the_parts_checksums(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a" * 100 + b"b")
    both = hashlib.sha256(hashlib.sha256(b"a" * 100).digest() + hashlib.sha256(b"b").digest()).digest()
    assert composite_checksum_of_file(path) == f"{base64.b64encode(both).decode()}-2"
