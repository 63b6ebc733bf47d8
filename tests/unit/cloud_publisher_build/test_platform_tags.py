"""Which wheels run on a platform: its own, and those for an older C library."""

import pytest

from cloud_publisher.build.wheelhouse import tags_of


@pytest.mark.parametrize(
    ("platform", "tags"),
    [
        (
            "manylinux_2_18_aarch64",
            ["manylinux_2_18_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"],
        ),
        ("manylinux2014_aarch64", ["manylinux_2_17_aarch64", "manylinux2014_aarch64"]),
        ("manylinux_2_6_x86_64", ["manylinux_2_6_x86_64", "manylinux_2_5_x86_64", "manylinux1_x86_64"]),
        ("musllinux_1_2_x86_64", ["musllinux_1_2_x86_64", "musllinux_1_1_x86_64", "musllinux_1_0_x86_64"]),
        ("linux_armv7l", ["linux_armv7l"]),
    ],
)
def test_an_older_library_s_wheels_run_too_and_none_of_a_newer(platform: str, tags: list[str]) -> None:
    assert tags_of(platform) == tags
