"""An artifact bucket that is in another region than the build: found, filled and read as if it were near."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from greengrass_emulator.cloud.clients import client_for
from greengrass_emulator.cloud.cloud import Cloud

FAR = "eu-central-1"
LARGE = 20 << 20
"""More than goes up in one piece."""


@pytest.fixture
def far_bucket(cloud: Cloud, unique: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bucket, by a client of its own region; the build is told its name alone."""
    s3 = client_for("s3", cloud.endpoint_url, FAR, cloud.endpoints("dev").key)
    s3.create_bucket(Bucket=f"{unique}-far", CreateBucketConfiguration={"LocationConstraint": FAR})
    return s3


def test_what_is_built_goes_there_once_and_becomes_deployable(
    run: Callable[..., Any],
    repository: Any,
    far_bucket: Any,
    unique: str,
    monkeypatch: pytest.MonkeyPatch,
    cloud: Cloud,
) -> None:
    monkeypatch.setenv("ARTIFACT_BUCKET", f"{unique}-far")
    repository.simple_app()
    # Random bytes: what compresses well would go up in one piece.
    repository.write("app/weights.bin", os.urandom(LARGE))
    built = run("build", "--json")
    assert built.code == 0, built.err
    (artifact,) = repository.component("app")["artifacts"]
    assert artifact["uri"].startswith(f"s3://{unique}-far/")
    key = artifact["uri"].removeprefix(f"s3://{unique}-far/")
    assert far_bucket.head_object(Bucket=f"{unique}-far", Key=key)["ContentLength"] == artifact["size"]
    before = [each["LastModified"] for each in far_bucket.list_objects_v2(Bucket=f"{unique}-far")["Contents"]]
    again = run("build", "--json")
    assert again.code == 0, again.err
    assert repository.component("app")["reused"] is True
    assert [each["LastModified"] for each in far_bucket.list_objects_v2(Bucket=f"{unique}-far")["Contents"]] == before
    assert run("publish").code == 0
