"""Packs a trained model as ``model.tar.gz``, uploads it, and registers it in a SageMaker model package group.

What a team's training pipeline does with the SageMaker SDK, here with boto3. Approving is `set_status.py`'s, or
``--approve`` at once. AWS comes from the environment: credentials, ``AWS_REGION``, ``AWS_ENDPOINT_URL``.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

METRICS_FILE = "metrics.json"
STATUSES = ("Approved", "PendingManualApproval", "Rejected")
# The registry asks for a container to host the model in the cloud. Nobody starts one: the edge takes the model data.
_IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"

Registered = dict[str, str | int]
"""What is shown of a model package, as JSON."""


class RegistrationError(Exception):
    """The model cannot be registered. ``problem`` says why, ``remedy`` what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}; {remedy}")


def pack(model_folder: Path) -> bytes:
    """``model.tar.gz`` as SageMaker packs it: the folder's files at the archive's top. Same files, same bytes.

    Raises ``RegistrationError`` for a folder that is missing or empty.
    """
    files = sorted(path for path in model_folder.rglob("*") if path.is_file() and not path.is_symlink())
    if not files:
        raise RegistrationError(f"{model_folder} holds no model", f"run train.py --out {model_folder} first")
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for path in files:
            entry = tarfile.TarInfo(path.relative_to(model_folder).as_posix())
            entry.size, entry.mode = path.stat().st_size, 0o644
            with path.open("rb") as stream:
                archive.addfile(entry, stream)
    return packed.getvalue()


def register(model_folder: Path, *, group: str, bucket: str, status: str, sagemaker: Any, s3: Any) -> Registered:
    """Upload the archive and create the model package (its group too, when absent).

    Returns ``model-package-arn``, ``version``, ``model-data-url`` and ``status``. Raises ``RegistrationError`` and
    botocore's errors.
    """
    archive = pack(model_folder)
    key = f"models/{group}/{hashlib.sha256(archive).hexdigest()[:16]}/model.tar.gz"
    s3.put_object(Bucket=bucket, Key=key, Body=archive, ChecksumAlgorithm="SHA256")
    url = f"s3://{bucket}/{key}"
    _ensure_group(sagemaker, group)
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelPackageDescription="Reads a handwritten digit",
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [{"Image": _IMAGE, "ModelDataUrl": url}],
            "SupportedContentTypes": ["application/x-npy"],
            "SupportedResponseMIMETypes": ["application/x-npy"],
        },
        CustomerMetadataProperties=_metrics(model_folder),
    )["ModelPackageArn"]
    return {"model-package-arn": arn, "version": int(arn.rsplit("/", 1)[1]), "model-data-url": url, "status": status}


def main(words: list[str] | None = None) -> int:
    """Register one model. Exit code 0, or 1 with one line that says why not."""
    parser = argparse.ArgumentParser(description="Register a trained model in a SageMaker model package group.")
    parser.add_argument("--model", type=Path, required=True, help="the folder that train.py wrote")
    parser.add_argument("--group", default="digits", help="the model package group (default: digits)")
    parser.add_argument(
        "--bucket",
        default=os.environ.get("ARTIFACT_BUCKET"),
        help="the bucket for the archive (default: $ARTIFACT_BUCKET)",
    )
    status = parser.add_mutually_exclusive_group()
    status.add_argument("--status", choices=STATUSES, default="PendingManualApproval")
    status.add_argument("--approve", action="store_const", const="Approved", dest="status", help="--status Approved")
    parser.add_argument("--json", action="store_true", help="print JSON, not the ARN alone")
    arguments = parser.parse_args(words)
    if not arguments.bucket:
        parser.error("there is no bucket: give --bucket, or set ARTIFACT_BUCKET")
    try:
        registered = register(
            arguments.model,
            group=arguments.group,
            bucket=arguments.bucket,
            status=arguments.status,
            sagemaker=boto3.client("sagemaker"),
            s3=boto3.client("s3"),
        )
    except (RegistrationError, BotoCoreError, ClientError, OSError) as error:
        print(f"cannot register {arguments.model}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(registered) if arguments.json else registered["model-package-arn"])
    return 0


def _ensure_group(sagemaker: Any, group: str) -> None:
    try:
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    except ClientError as error:
        # SageMaker has no error of its own for "not there".
        if error.response["Error"]["Code"] not in {"ValidationException", "ResourceNotFound"}:
            raise
        sagemaker.create_model_package_group(
            ModelPackageGroupName=group, ModelPackageGroupDescription="Handwritten digits, for the edge"
        )


def _metrics(model_folder: Path) -> dict[str, str]:
    path = model_folder / METRICS_FILE
    if not path.is_file():
        return {}
    metrics = json.loads(path.read_text(encoding="utf-8"))
    return {name: str(value) for name, value in metrics.items()}


if __name__ == "__main__":
    sys.exit(main())
