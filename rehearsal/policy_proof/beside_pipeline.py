"""Commands beside the pipeline: an operator's status, a doctor, a rollback, and the build of something large.

Each is the command that a person or a CodeBuild project runs, in a process of its own, under its role.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml
from greengrass_emulator.cloud.cloud import Cloud

from rehearsal.policy_proof import installing
from rehearsal.processes import output_of
from rehearsal.world import BUCKET, PACKAGE_GROUP

_SECONDS = 60
_LARGE = "com.example.large"
_LARGE_BYTES = 17 << 20
"""More bytes than the publisher sends in one part."""
_TREE = f"models/{PACKAGE_GROUP}/tree/"


def publisher(*words: str, environment: Mapping[str, str], folder: Path | None = None, ends: int = 0) -> str:
    """Run a ``cloud-publisher`` command, check its exit code, and return its output. Raises ``RehearsalError``."""
    return output_of(
        [sys.executable, "-m", "cloud_publisher", *words],
        name=f"cloud-publisher {words[0]}",
        remedy="correct what it reports; if a call was denied, see infra_policies",
        seconds=_SECONDS,
        environment=environment,
        folder=folder,
        ends=ends,
    )


def status_as_operator(cloud: Cloud, account: str, target_arn: str, *, ends: int = 0) -> None:
    """Read a fleet's status with the operators' read-only role."""
    publisher(
        *("status", "--target-arn", target_arn, "--json"),
        *("--role-arn", installing.role_arn(cloud, "operator-role", account)),
        environment=installing.operator_environment(cloud, account),
        ends=ends,
    )


def build_large(cloud: Cloud, folder: Path, environment: Mapping[str, str]) -> None:
    """Build a component whose model is a whole prefix, too large for one part, after an earlier build broke off."""
    version = _register_tree(cloud)
    root = folder / "large" / "component"
    root.mkdir(parents=True)
    (root / ".gitkeep").touch()
    uri = "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/large.zip"
    component = {
        "component-name": _LARGE,
        "root": "component",
        "description": "A model of many files",
        "model": {"sagemaker-managed": True, "package-group": PACKAGE_GROUP, "name": "model"},
        "build": {"build_system": "zip"},
        "Artifacts": [{"URI": uri, "Unarchive": "ZIP"}],
        "Lifecycle": {"Run": "exit 0"},
    }
    config = {
        "application": "large",
        "region": cloud.region,
        "publisher": "Example Corp.",
        "custom-components": {"large": component},
    }
    (folder / "large" / "greengrass-config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    _begin_upload(cloud, f"artifacts/greengrass/{_LARGE}/{version}.0.0/large.zip")
    publisher("build", environment=environment, folder=folder / "large")


def _register_tree(cloud: Cloud) -> int:
    """Register an approved package whose data are all objects below a prefix. Return its version."""
    s3, sagemaker = cloud.client("s3"), cloud.client("sagemaker")
    s3.put_object(Bucket=installing.MODEL_BUCKET, Key=f"{_TREE}weights.bin", Body=os.urandom(_LARGE_BYTES))
    s3.put_object(Bucket=installing.MODEL_BUCKET, Key=f"{_TREE}labels/en.txt", Body=b"nought\n")
    uri = f"s3://{installing.MODEL_BUCKET}/{_TREE}"
    arn = str(
        sagemaker.create_model_package(
            ModelPackageGroupName=PACKAGE_GROUP,
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [
                    {
                        "Image": "an-image",
                        "ModelDataSource": {
                            "S3DataSource": {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}
                        },
                    }
                ],
                "SupportedContentTypes": ["application/x-npy"],
                "SupportedResponseMIMETypes": ["application/x-npy"],
            },
        )["ModelPackageArn"]
    )
    return int(arn.rpartition("/")[2])


def _begin_upload(cloud: Cloud, key: str) -> None:
    """Start an upload, as a broken-off build leaves one. S3 here dates every upload to long ago, so it gets ended."""
    session = installing.assumed(cloud, "build-role", "dev", "s3", session="broken-off")
    session.create_multipart_upload(Bucket=BUCKET, Key=key, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE")
