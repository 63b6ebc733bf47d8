"""Registering, approving and rejecting the digits model, against moto's SageMaker and S3."""

import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

COMPONENT = Path(__file__).parents[3] / "model_components" / "digits"
BUCKET = "dev-artifacts"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """moto in a process of its own: to reset it here would wipe the cloud that this process may hold."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            ends = time.monotonic() + 30
            while time.monotonic() < ends:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=10)


@pytest.fixture
def cloud(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Moto's address, set in the environment as a developer sets it, with one bucket in it."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name, value in {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    urllib.request.urlopen(f"{moto}/moto-api/reset", data=b"", timeout=10).close()  # noqa: S310 - a loopback address of our own
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return moto


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """What training leaves; the registry never looks into it."""
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "model.skops").write_bytes(b"a model")
    (folder / "metrics.json").write_text('{"kind": "mlp", "accuracy": 0.97}')
    return folder


def run(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", script, *words],
        cwd=COMPONENT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def registered(*words: str) -> dict[str, Any]:
    done = run("register.py", "--bucket", BUCKET, "--json", *words)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_registered_model_is_packed_as_sagemaker_packs_it(cloud: str, trained: Path) -> None:
    answer = registered("--model", str(trained), "--approve")
    package = boto3.client("sagemaker").describe_model_package(ModelPackageName=answer["model-package-arn"])
    url = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    assert package["ModelApprovalStatus"] == "Approved"
    assert url == answer["model-data-url"]
    assert url.startswith(f"s3://{BUCKET}/")
    assert url.endswith("/model.tar.gz")
    body = boto3.client("s3").get_object(Bucket=BUCKET, Key=url.removeprefix(f"s3://{BUCKET}/"))["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
        assert archive.getnames() == ["metrics.json", "model.skops"]


def test_versions_of_a_group_count_up_and_wait_for_approval(cloud: str, trained: Path) -> None:
    first = registered("--model", str(trained), "--group", "numbers")
    (trained / "model.skops").write_bytes(b"another model")
    second = registered("--model", str(trained), "--group", "numbers")
    assert (first["version"], second["version"]) == (1, 2)
    assert second["model-data-url"] != first["model-data-url"]
    assert first["status"] == "PendingManualApproval"


def test_the_newest_package_of_a_group_can_be_rejected(cloud: str, trained: Path) -> None:
    old = registered("--model", str(trained), "--approve")
    new = registered("--model", str(trained), "--approve")
    done = run("set_status.py", "Rejected", "--newest-of", "digits", "--because", "reads a 3 as an 8")
    assert done.returncode == 0, done.stderr
    sagemaker = boto3.client("sagemaker")
    statuses = [
        sagemaker.describe_model_package(ModelPackageName=each["model-package-arn"])["ModelApprovalStatus"]
        for each in (old, new)
    ]
    assert statuses == ["Approved", "Rejected"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--bucket", "no-such-bucket"], "NoSuchBucket"),
        (["--bucket", BUCKET, "--model", "no-such-folder"], "holds no model; run train.py"),
    ],
)
def test_what_cannot_be_registered_leaves_no_package(cloud: str, trained: Path, words: list[str], told: str) -> None:
    done = run("register.py", "--model", str(trained), *words)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert boto3.client("sagemaker").list_model_packages()["ModelPackageSummaryList"] == []


def test_a_group_without_a_package_cannot_be_rejected(cloud: str) -> None:
    done = run("set_status.py", "Rejected", "--newest-of", "digits")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
