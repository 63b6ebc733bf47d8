"""Uploads when S3 is of two minds: somebody else writes the same key at the same moment."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud_publisher.artifacts.uploading import describe_artifact, upload_artifact
from cloud_publisher.errors import CloudError


class RacingBucket:
    """Plays an S3 client that answers with these error codes, one a call, and then takes the object."""

    def __init__(self, *codes: str) -> None:
        self._codes = list(codes)
        self.bodies: list[bytes] = []
        self.asked: dict[str, Any] = {}

    def put_object(self, **asked: Any) -> dict[str, Any]:
        self.bodies.append(asked["Body"].read())
        self.asked = asked
        if self._codes:
            raise ClientError({"Error": {"Code": self._codes.pop(0), "Message": "no"}}, "PutObject")
        return {}


def _upload(s3: RacingBucket, tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    path.write_bytes(b"content")
    artifact = describe_artifact(path, bucket="bucket", component="c", version="1.0.0")
    upload_artifact(
        s3,  # type: ignore[arg-type]
        path,
        artifact,
        bucket="bucket",
        component="c",
        version="1.0.0",
        digest="d" * 64,
        advance=lambda _moved: None,
    )


def test_a_race_is_tried_again_with_the_whole_body(tmp_path: Path) -> None:
    s3 = RacingBucket("ConditionalRequestConflict", "ConditionalRequestConflict")
    _upload(s3, tmp_path)
    assert s3.bodies == [b"content"] * 3


def test_every_upload_is_create_only_with_a_checksum_and_the_content_digest(tmp_path: Path) -> None:
    s3 = RacingBucket()
    _upload(s3, tmp_path)
    assert s3.asked["IfNoneMatch"] == "*"
    assert s3.asked["ChecksumSHA256"] == "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M="
    assert s3.asked["Metadata"] == {"content-digest": "d" * 64}


def test_a_refusal_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(CloudError, match=r"cannot upload s3://bucket/artifacts/.*AccessDenied"):
        _upload(RacingBucket("AccessDenied"), tmp_path)
