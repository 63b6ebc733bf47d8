"""The registry's answers that no emulator gives: empty pages, several containers, other regions' ways to say it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cloud_publisher.errors import ModelUnavailableError
from cloud_publisher.registry.packages import latest_approved


class RecordedRegistry:
    """Plays a SageMaker client: gives the pages and the package it was made with, and keeps what it was asked."""

    def __init__(self, pages: list[list[dict[str, Any]]], containers: list[dict[str, Any]]) -> None:
        self._pages = pages
        self._containers = containers
        self.asked: dict[str, Any] = {}

    def get_paginator(self, _operation: str) -> "RecordedRegistry":
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        self.asked = asked
        return [{"ModelPackageSummaryList": page} for page in self._pages]

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:
        number = int(ModelPackageName.rsplit("/", 1)[1])
        return {"ModelPackageVersion": number, "InferenceSpecification": {"Containers": self._containers}}


def _summary(number: int, day: int) -> dict[str, Any]:
    arn = f"arn:aws:sagemaker:eu-west-1:111111111111:model-package/digits/{number}"
    return {
        "ModelPackageArn": arn,
        "ModelPackageVersion": number,
        "CreationTime": datetime(2026, 11, day, tzinfo=UTC),
    }


URL = {"Image": "i", "ModelDataUrl": "s3://models/digits/model.tar.gz"}


def test_an_empty_page_is_not_the_end_of_the_list() -> None:
    registry = RecordedRegistry([[], [], [_summary(3, 9), _summary(2, 8)]], [URL])
    assert latest_approved(registry, "digits").version == 3  # type: ignore[arg-type]
    assert registry.asked["SortOrder"] == "Descending"
    assert registry.asked["SortBy"] == "CreationTime"
    assert registry.asked["ModelApprovalStatus"] == "Approved"


def test_of_two_packages_of_one_second_the_higher_number_is_the_newer() -> None:
    registry = RecordedRegistry([[_summary(9, 9), _summary(10, 9)]], [URL])
    assert latest_approved(registry, "digits").version == 10  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "is_tree", "is_archive"),
    [
        ({"S3Uri": "s3://m/x.tar.gz", "S3DataType": "S3Object", "CompressionType": "Gzip"}, False, True),
        ({"S3Uri": "s3://m/x.onnx", "S3DataType": "S3Object", "CompressionType": "None"}, False, False),
        ({"S3Uri": "s3://m/x/", "S3DataType": "S3Prefix", "CompressionType": "None"}, True, False),
    ],
)
def test_a_data_source_says_what_its_data_are(source: dict[str, str], is_tree: bool, is_archive: bool) -> None:
    registry = RecordedRegistry([[_summary(1, 9)]], [{"Image": "i", "ModelDataSource": {"S3DataSource": source}}])
    package = latest_approved(registry, "digits")  # type: ignore[arg-type]
    assert (package.uri, package.is_tree, package.is_archive) == (source["S3Uri"], is_tree, is_archive)


@pytest.mark.parametrize("containers", [[], [{"Image": "i"}], [URL, URL]], ids=["none", "no data", "two"])
def test_a_package_needs_exactly_one_container_with_data(containers: list[dict[str, Any]]) -> None:
    registry = RecordedRegistry([[_summary(1, 9)]], containers)
    with pytest.raises(ModelUnavailableError, match="containers with model data, and one is needed"):
        latest_approved(registry, "digits")  # type: ignore[arg-type]
