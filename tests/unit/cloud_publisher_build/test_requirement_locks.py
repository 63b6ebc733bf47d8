"""A lock is read for one platform and Python, whatever this machine is."""

import pytest

from cloud_publisher.build.requirement_lock import locked_for, read_lock
from cloud_publisher.errors import InvalidDocumentError

HASH = "sha256:" + "0" * 64
LOCK = f"""\
# a comment
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash={HASH} \\
    --hash={HASH}
numpy==2.5.5 ; python_full_version >= '3.12' --hash={HASH}
pywin32==312 ; sys_platform == 'win32' --hash={HASH}  # only there

uvloop==1.0 ; platform_machine == 'aarch64' --hash={HASH}
"""


@pytest.mark.parametrize(
    ("python", "platform", "packages"),
    [
        ("3.11", "manylinux_2_28_aarch64", ["numpy==2.4.6", "uvloop==1.0"]),
        ("3.12", "manylinux_2_28_x86_64", ["numpy==2.5.5"]),
        ("3.13", "musllinux_1_2_aarch64", ["numpy==2.5.5", "uvloop==1.0"]),
    ],
)
def test_markers_are_those_of_the_device(python: str, platform: str, packages: list[str]) -> None:
    locked = locked_for(read_lock(LOCK, "requirements.txt"), python=python, platform=platform)
    assert [str(each.requirement).partition(";")[0] for each in locked] == packages


def test_a_line_is_written_back_with_its_marker_and_hashes() -> None:
    first = read_lock(LOCK, "requirements.txt")[0]
    assert str(first) == f'numpy==2.4.6; python_full_version < "3.12" --hash={HASH} --hash={HASH}'
    assert read_lock(str(first), "again")[0].hashes == first.hashes


def test_each_line_that_leaves_something_open_is_named() -> None:
    text = f"a==1\nb>=2 --hash={HASH}\nc==1.* --hash={HASH}\nd @ file:///d.whl --hash={HASH}\n./e.whl --hash={HASH}\n"
    with pytest.raises(InvalidDocumentError) as caught:
        read_lock(text, "r.txt")
    assert [each.place.line for each in caught.value.diagnostics] == [1, 2, 3, 4, 5]
    assert "a has no hash" in caught.value.diagnostics[0].problem
    assert all("uv pip compile" in each.remedy for each in caught.value.diagnostics)
