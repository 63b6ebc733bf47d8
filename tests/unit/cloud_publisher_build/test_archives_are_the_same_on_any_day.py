"""Archives: the same files give the same bytes, whatever else differs."""

import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from cloud_publisher.build.file_sets import files_below, listing_of, merged, write_tar_gz, write_zip
from cloud_publisher.errors import BuildFailedError


def _folder(folder: Path, *, backwards: bool, when: int, mode: int) -> Path:
    names = ["b/two.txt", "a.txt", "b/one.txt", "ä.txt", "run.sh"]
    for name in reversed(names) if backwards else names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        path.chmod(mode | (0o100 if name == "run.sh" else 0))
        os.utime(path, (when, when))
    return folder


@pytest.mark.parametrize("write", [write_zip, write_tar_gz])
def test_other_times_modes_and_orders_make_no_difference(write: object, tmp_path: Path) -> None:
    one = _folder(tmp_path / "one", backwards=False, when=1, mode=0o600)
    other = _folder(tmp_path / "other", backwards=True, when=2_000_000_000, mode=0o664)
    write(files_below(one), tmp_path / "one.archive")  # type: ignore[operator]
    write(files_below(other), tmp_path / "other.archive")  # type: ignore[operator]
    assert (tmp_path / "one.archive").read_bytes() == (tmp_path / "other.archive").read_bytes()
    assert listing_of(files_below(one)) == listing_of(files_below(other))


def test_names_are_sorted_bytewise_and_executables_stay_so(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "one", backwards=True, when=1, mode=0o600)
    write_zip(files_below(folder), tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["a.txt", "b/one.txt", "b/two.txt", "run.sh", "ä.txt"]
        modes = {info.filename: stat.S_IMODE(info.external_attr >> 16) for info in archive.infolist()}
    assert modes == dict.fromkeys(["a.txt", "b/one.txt", "b/two.txt", "ä.txt"], 0o644) | {"run.sh": 0o755}


def test_one_changed_byte_one_new_name_and_one_new_mode_all_change_the_digest(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "one", backwards=True, when=1, mode=0o600)
    digests = [listing_of(files_below(folder))]
    (folder / "a.txt").write_text("A.txt")
    digests.append(listing_of(files_below(folder)))
    (folder / "a.txt").rename(folder / "c.txt")
    digests.append(listing_of(files_below(folder)))
    (folder / "c.txt").chmod(0o755)
    digests.append(listing_of(files_below(folder)))
    assert all(digests.count(digest) == 1 for digest in digests)


@pytest.mark.parametrize("write", [write_zip, write_tar_gz])
def test_a_link_is_never_packed(write: object, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/link").symlink_to("/etc/passwd")
    (tmp_path / "source/folder").symlink_to("/etc")
    with pytest.raises(BuildFailedError, match="is a link to '/etc'"):
        write(files_below(tmp_path / "source"), tmp_path / "made")  # type: ignore[operator]


def test_an_excluded_link_is_nobody_s_concern(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/link").symlink_to("/etc/passwd")
    assert files_below(tmp_path / "source", exclude=["link"]) == []


def test_a_pipe_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BuildFailedError, match="neither a file nor a folder"):
        files_below(tmp_path)


def test_what_a_build_left_is_taken_whole_and_of_a_source_folder_the_rest(tmp_path: Path) -> None:
    for name in ("recipe.json", "deeper/recipe.json", ".gitkeep", "__pycache__/x.pyc", "kept"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [file.name for file in files_below(tmp_path)] == ["deeper/recipe.json", "kept"]
    assert len(files_below(tmp_path, defaults=False)) == 5


def test_two_sets_with_one_name_are_an_error_that_names_both(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    files = files_below(tmp_path)
    with pytest.raises(BuildFailedError, match="both its folder and its model package have a file 'a'"):
        merged("digits", ("its folder", files), ("its model package", files))


def test_a_tar_holds_what_it_was_given(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "one", backwards=True, when=1, mode=0o600)
    write_tar_gz(files_below(folder), tmp_path / "one.tar.gz")
    with tarfile.open(tmp_path / "one.tar.gz") as archive:
        member = archive.extractfile("b/one.txt")
        assert member is not None
        assert member.read() == b"b/one.txt"
