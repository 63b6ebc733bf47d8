"""Registers a model's folders as a training pipeline does: model packages of a group, or an object of a bucket.

By boto3, with the credentials of dev's administrator. What a component's own scripts register is in ``registry.py``.
"""

import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from greengrass_emulator.cloud.seeding import create_package_group

from rehearsal.candidates import Candidate, Candidates
from rehearsal.errors import RehearsalError
from rehearsal.model_data import ModelToRelease, is_archive
from rehearsal.world import World
from shared_schema.config import Model

# The registry asks for a container to host the model in the cloud. Nobody starts one.
_IMAGE = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/none:1"
_SERVES = {"SupportedContentTypes": ["application/x-npy"], "SupportedResponseMIMETypes": ["application/x-npy"]}


def register_folders(model: ModelToRelease, world: World, *, artifacts: str, packages: str, work: Path) -> Candidates:
    """Return the candidates of a model: packages that wait for approval, or objects that wait for their upload.

    ``packages`` is the bucket for the data of packages, ``artifacts`` that of a model outside the registry whose
    component names none. ``work`` gets the archives.
    """
    asked = model.component.model
    if asked is None:
        raise RehearsalError(f"{model.key} is no model component", "give only such with the key `model`")
    work.mkdir(parents=True, exist_ok=True)
    make: Callable[[Path], Candidate] = (
        _packages(model.key, asked, world, packages, work)
        if asked.sagemaker_managed
        else _objects(model, asked, world, artifacts, work)
    )
    good = [make(folder) for folder in model.good]
    bad = make(model.bad) if model.bad else None
    return Candidates(model.key, good, bad, served=model.manifest is not None)


class ModelPackage:
    """A package of a group, with status PendingManualApproval at first."""

    def __init__(self, name: str, arn: str, sagemaker: Any) -> None:
        self.name = name
        self._arn = arn
        self._sagemaker = sagemaker

    @property
    def released_as(self) -> str:
        return f"{self._arn.rsplit('/', 1)[-1]}.0.0"

    def approve(self) -> None:
        self._set("Approved")

    def take_back(self) -> None:
        self._set("Rejected")

    def _set(self, status: str) -> None:
        self._sagemaker.update_model_package(ModelPackageArn=self._arn, ModelApprovalStatus=status)


class ModelObject:
    """An object of a versioned bucket: approved when it is uploaded, taken back when that version is deleted."""

    released_as: str | None = None

    def __init__(self, name: str, file: Path, bucket: str, key: str, s3: Any) -> None:
        self.name = name
        self._file = file
        self._place = {"Bucket": bucket, "Key": key}
        self._s3 = s3
        self._version: str | None = None

    def approve(self) -> None:
        with self._file.open("rb") as stream:
            self._version = self._s3.put_object(**self._place, Body=stream, ChecksumAlgorithm="SHA256")["VersionId"]

    def take_back(self) -> None:
        self._s3.delete_object(**self._place, VersionId=self._version)


def _packages(key: str, asked: Model, world: World, bucket: str, work: Path) -> Callable[[Path], Candidate]:
    group = asked.package_group or key
    create_package_group(world.cloud, group)
    sagemaker, s3 = world.cloud.client("sagemaker"), world.cloud.client("s3")

    def make(folder: Path) -> ModelPackage:
        archive = _packed(folder, work)
        place = f"models/{group}/{archive.parent.name}/model.tar.gz"
        with archive.open("rb") as stream:
            s3.put_object(Bucket=bucket, Key=place, Body=stream, ChecksumAlgorithm="SHA256")
        container = {"Image": _IMAGE, "ModelDataUrl": f"s3://{bucket}/{place}"}
        arn = sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelPackageDescription=f"{key}: {folder.name}",
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={"Containers": [container], **_SERVES},
        )["ModelPackageArn"]
        return ModelPackage(f"{key} {folder.name}", str(arn), sagemaker)

    return make


def _objects(
    model: ModelToRelease, asked: Model, world: World, artifacts: str, work: Path
) -> Callable[[Path], Candidate]:
    s3 = world.cloud.client("s3")
    bucket = model.component.bucket or artifacts
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        if bucket != artifacts:
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": world.cloud.region})
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def make(folder: Path) -> ModelObject:
        file = (
            _packed(folder, work) if is_archive(asked) else next(each for each in folder.rglob("*") if each.is_file())
        )
        return ModelObject(f"{model.key} {folder.name}", file, bucket, asked.name, s3)

    return make


def _packed(folder: Path, work: Path) -> Path:
    """Pack a folder's files, at the archive's top, as ``model.tar.gz`` in a new folder of ``work``."""
    place = work / str(len(list(work.iterdir())) + 1)
    place.mkdir()
    archive = place / "model.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
        for path in sorted(folder.iterdir()):
            packed.add(path, arcname=path.name)
    return archive
