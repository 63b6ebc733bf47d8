"""Finds the latest Approved package of a SageMaker model package group.

Sources: the SageMaker API reference, ListModelPackages and DescribeModelPackage. By default the oldest is listed first.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloud_publisher.cloud_errors import asking
from cloud_publisher.errors import ModelUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """An approved version of a model. ``uri`` is its data in S3: an archive, one file, or (``is_tree``) a prefix."""

    arn: str
    version: int
    uri: str
    is_tree: bool
    is_archive: bool


def latest_approved(sagemaker: "SageMakerClient", group: str) -> ModelPackage:
    """Return the newest Approved package. Raises ``ModelUnavailableError`` if there is none, ``CloudError``."""
    with asking(f"list the model packages of the group {group!r}"):
        arn = _newest(sagemaker, group)
    if arn is None:
        raise ModelUnavailableError(
            f"the model package group {group!r} has no Approved package",
            "approve one in the registry, or correct package-group in the config",
        )
    with asking(f"describe the model package {arn}"):
        described = sagemaker.describe_model_package(ModelPackageName=arn)
    containers = described.get("InferenceSpecification", {}).get("Containers", [])
    found = [place for container in containers if (place := _data_of(container)) is not None]
    if len(found) != 1:
        raise ModelUnavailableError(
            f"the model package {arn} has {len(found)} containers with model data, and one is needed",
            "register the package with one container that has ModelDataUrl, or ModelDataSource.S3DataSource",
        )
    uri, is_tree, is_archive = found[0]
    return ModelPackage(arn, int(described.get("ModelPackageVersion", 0)), uri, is_tree, is_archive)


def _newest(sagemaker: "SageMakerClient", group: str) -> str | None:
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved", SortBy="CreationTime", SortOrder="Descending"
    )
    for page in pages:
        summaries = page["ModelPackageSummaryList"]
        # SageMaker filters each page after reading it: an empty page is not the end of the list.
        if summaries:
            newest = max(summaries, key=lambda each: (each["CreationTime"], each.get("ModelPackageVersion", 0)))
            return newest["ModelPackageArn"]
    return None


def _data_of(container: Any) -> tuple[str, bool, bool] | None:
    """Return a container's model data: its URI, whether it is a tree, whether it is an archive."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source:
        archive = source.get("CompressionType", "None") == "Gzip"
        return source["S3Uri"], source.get("S3DataType") == "S3Prefix" and not archive, archive
    url = container.get("ModelDataUrl")
    return (url, False, True) if url else None
