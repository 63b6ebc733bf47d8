"""`build` when AWS says no: buckets, roles, credentials, and artifacts that exist already."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.seeding import SeededCloud

from cloud_publisher.artifacts.uploading import describe_artifact, upload_artifact
from cloud_publisher.errors import ArtifactConflictError

Run = Callable[..., Any]


def test_a_bucket_that_does_not_exist_is_told_before_anything_is_built(run: Run, repository: Any) -> None:
    repository.simple_app()
    ran = run("build", "--bucket", "no-such-bucket-of-ours")
    assert ran.code == 1
    assert "the artifact bucket 'no-such-bucket-of-ours' does not exist" in ran.err
    assert "building" not in ran.out


def test_no_bucket_at_all_is_wrong_use(run: Run, repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.simple_app()
    monkeypatch.delenv("ARTIFACT_BUCKET")
    ran = run("build")
    assert ran.code == 2
    assert "give --bucket, set ARTIFACT_BUCKET" in ran.err


def test_the_config_s_bucket_serves_where_no_other_is_given(
    run: Run, repository: Any, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.simple_app()
    monkeypatch.delenv("ARTIFACT_BUCKET")
    text = (repository.folder / "greengrass-config.yml").read_text()
    repository.write("greengrass-config.yml", f"artifact-bucket: {bucket.name}\n{text}")
    assert run("build").code == 0
    assert repository.release["bucket"] == bucket.name


def test_no_region_is_wrong_use(run: Run, repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.simple_app()
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    ran = run("build")
    assert ran.code == 2
    assert "there is no AWS region" in ran.err


def test_a_role_that_may_not_be_assumed_is_one_clear_error(run: Run, repository: Any, cloud: Cloud) -> None:
    repository.simple_app()
    ran = run("build", "--role-arn", "arn:aws:iam::222222222222:role/nobody-trusts-me")
    assert ran.code == 1
    assert "cannot assume arn:aws:iam::222222222222:role/nobody-trusts-me" in ran.err
    assert "trust policy" in ran.err


def test_a_role_with_its_external_id_is_assumed(run: Run, repository: Any, seeded_cloud: SeededCloud) -> None:
    repository.simple_app()
    role = seeded_cloud.deploy_role_arns["dev"]
    ran = run("build", "--role-arn", role, "--external-id", seeded_cloud.external_id)
    assert ran.code == 0, ran.err


def test_an_external_id_without_a_role_is_wrong_use(run: Run, repository: Any) -> None:
    repository.simple_app()
    ran = run("build", "--external-id", "x")
    assert ran.code == 2
    assert "no role to assume" in ran.err


def test_no_credentials_are_one_clear_error(run: Run, repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.simple_app()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    ran = run("build")
    assert ran.code == 1
    assert "there are no AWS credentials" in ran.err


def test_an_invalid_config_is_told_before_the_cloud_is_asked(run: Run, repository: Any, bucket: Any) -> None:
    repository.simple_app()
    (repository.folder / "app/main.py").unlink()
    (repository.folder / "app").rmdir()
    ran = run("build", "--json")
    assert ran.code == 2
    assert ran.json["diagnostics"][0]["problem"] == "there is no folder 'app'"
    assert bucket.keys() == []


def test_a_folder_that_cannot_be_written_is_one_clear_error(run: Run, repository: Any) -> None:
    repository.simple_app()
    repository.write("blocked", "a file where the folder should be")
    ran = run("build", "--dist", "blocked")
    assert ran.code == 1
    assert "cannot use blocked" in ran.err


def test_an_artifact_is_never_overwritten(bucket: Any, tmp_path: Path) -> None:
    told: list[int] = []

    def upload(content: bytes) -> None:
        path = tmp_path / "app.zip"
        path.write_bytes(content)
        artifact = describe_artifact(path, bucket=bucket.name, component="c", version="1.0.0")
        upload_artifact(
            bucket.s3,
            path,
            artifact,
            bucket=bucket.name,
            component="c",
            version="1.0.0",
            digest="d" * 64,
            advance=told.append,
        )

    upload(b"first")
    assert sum(told) == len(b"first")
    upload(b"first")
    with pytest.raises(ArtifactConflictError) as conflict:
        upload(b"second")
    assert "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e" in str(conflict.value)
    assert "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4" in str(conflict.value)
    assert bucket.read(f"s3://{bucket.name}/artifacts/greengrass/c/1.0.0/app.zip") == b"first"
