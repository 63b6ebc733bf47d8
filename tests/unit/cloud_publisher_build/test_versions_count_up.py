"""Which version comes next."""

import pytest

from cloud_publisher.versions import newest, next_version


@pytest.mark.parametrize(
    ("taken", "bump", "package", "version"),
    [
        ([], "patch", None, "1.0.0"),
        ([], "major", 4, "4.0.0"),
        (["1.0.0", "1.0.9", "1.0.10"], "patch", None, "1.0.11"),
        (["1.9.0", "1.10.3"], "minor", None, "1.11.0"),
        (["1.9.0", "1.10.3"], "major", None, "2.0.0"),
        (["2.0.0-rc.1", "1.4.0"], "patch", None, "2.0.1"),
        (["digests", "1.0.0", "01.2.3"], "patch", None, "1.0.1"),
        (["4.0.0", "4.0.2", "9.0.0"], "patch", 4, "4.0.3"),
        (["4.1.7"], "minor", 4, "4.0.0"),
    ],
)
def test_the_next_version_is_one_more_than_the_highest_there_is(
    taken: list[str], bump: str, package: int | None, version: str
) -> None:
    assert next_version(taken, bump=bump, package_version=package) == version  # type: ignore[arg-type]


def test_the_newest_is_by_number_and_a_release_is_after_its_pre_releases() -> None:
    assert newest(["1.9.0", "1.10.0-rc.1", "1.10.0", "no version"]) == "1.10.0"
    assert newest([]) is None
