"""Finds the data of a ``model:`` of the config: the latest approved package, or an object of a bucket."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cloud_publisher.cloud_errors import asking
from cloud_publisher.errors import ModelUnavailableError
from cloud_publisher.registry.model_data import ModelData, locate_object, locate_tree, looks_like_archive
from cloud_publisher.registry.packages import latest_approved
from cloud_publisher.registry.unpacking import unpack
from cloud_publisher.session import Account
from shared_schema.config import Component, Model


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """The model to build from. ``version`` is the model package's; None for a model outside the registry."""

    data: ModelData
    version: int | None
    region: str


@dataclass(frozen=True, slots=True)
class FetchedModel:
    """A downloaded model: its unpacked ``folder``, and the original ``archive`` if it is one."""

    folder: Path
    archive: Path | None


def resolve_model(account: Account, component: Component, model: Model, *, bucket: str) -> ResolvedModel:
    """Find the model's data; downloads nothing. ``bucket`` is for a model outside the registry without a ``bucket:``.

    Raises ``ModelUnavailableError``, ``CloudError``.
    """
    region = component.region or account.region
    s3 = account.s3_in(region)
    if not model.sagemaker_managed:
        uri = f"s3://{component.bucket or bucket}/{model.name}"
        archive = looks_like_archive(model.name)
        return ResolvedModel(locate_object(s3, uri, is_archive=archive, source=uri), None, region)
    package = latest_approved(account.sagemaker, model.package_group or "")
    data = (
        locate_tree(s3, package.uri, source=package.arn)
        if package.is_tree
        else locate_object(s3, package.uri, is_archive=package.is_archive, source=package.arn)
    )
    return ResolvedModel(data, package.version, region)


def fetch_model(
    account: Account, resolved: ResolvedModel, work: Path, *, archive_name: str, advance: Callable[[int], None]
) -> FetchedModel:
    """Download the data into ``work`` and unpack them; ``advance`` is called with the bytes since its last call.

    Raises ``ModelUnavailableError``, ``CloudError``.
    """
    data, s3 = resolved.data, account.s3_in(resolved.region)
    folder = work / "model"
    folder.mkdir(parents=True)
    if data.is_archive:
        archive = work / "archive" / (PurePosixPath(archive_name).name or "model.tar.gz")
        archive.parent.mkdir()
        with asking(f"download the model data of {data.source}"):
            s3.download_file(data.bucket, data.files[0].key, str(archive), Callback=advance)
        unpack(archive, folder, source=data.source)
        return FetchedModel(folder, archive)
    for file in data.files:
        target = folder / file.name
        if not target.resolve().is_relative_to(folder.resolve()):
            raise ModelUnavailableError(
                f"the object {file.key} of {data.source} would be written outside the model's folder",
                "rename it, and register the package again",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        with asking(f"download s3://{data.bucket}/{file.key}"):
            s3.download_file(data.bucket, file.key, str(target), Callback=advance)
    return FetchedModel(folder, None)
