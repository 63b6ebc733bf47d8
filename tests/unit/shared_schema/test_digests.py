"""The model digest: the same over a zip and over the folder that it unpacks to, and over nothing else."""

import os
import socket
import stat
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared_schema.digests import (
    UndigestibleModelError,
    canonical_json,
    digest_of_entries,
    model_digest_of_folder,
    model_digest_of_zip,
    sha256_of_document,
)

_NAMES = some.text(alphabet="ab.é-_ Z", min_size=1, max_size=5).filter(lambda name: name.strip(". ") == name)
_FILES = some.dictionaries(some.tuples(_NAMES, _NAMES), some.binary(max_size=40), min_size=1, max_size=6)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@given(_FILES)
def test_a_zip_and_its_unpacked_folder_have_one_digest(tree: dict[tuple[str, str], bytes]) -> None:
    files = {f"d-{folder}/{name}": content for (folder, name), content in tree.items()}
    with tempfile.TemporaryDirectory() as place:
        packed = pack(Path(place, "model.zip"), files)
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(Path(place, "model"))
        assert model_digest_of_folder(Path(place, "model")) == model_digest_of_zip(packed)


def test_the_digest_is_what_it_was_when_this_test_was_written(tmp_path: Path) -> None:
    # Devices store verdicts and models by it: another formula would be another contract.
    folder = write(tmp_path, {"model.yaml": b"file: a.onnx\n", "golden/1.png": b"png", ".hidden": b""})
    assert model_digest_of_folder(folder) == "LsDi2_WgadA-YcLyEZJJUP7D2w3FPyYTXtv-zZd7hLc"


def test_order_and_times_and_modes_do_not_count(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a": b"1", "b/c": b"2"})
    other = write(tmp_path / "other", {"b/c": b"2", "a": b"1"})
    os.utime(other / "a", (0, 0))
    (other / "a").chmod(0o400)
    (other / "empty").mkdir()
    assert model_digest_of_folder(one) == model_digest_of_folder(other)


@pytest.mark.parametrize(
    "changed",
    [
        {"a": b"1", "b": b"3"},
        {"a": b"1", "c": b"2"},
        {"a": b"1", "b": b"2", ".hidden": b""},
        {"a": b"1"},
        {"a": b"2", "b": b"1"},
    ],
)
def test_every_byte_and_every_name_counts(tmp_path: Path, changed: dict[str, bytes]) -> None:
    was = write(tmp_path / "was", {"a": b"1", "b": b"2"})
    now = write(tmp_path / "now", changed)
    assert model_digest_of_folder(was) != model_digest_of_folder(now)


def test_names_are_sorted_as_bytes_and_not_as_text() -> None:
    # U+10000 sorts after U+FFFF in UTF-8, and before it in UTF-16.
    entries = [("\U00010000", "00" * 32), ("\uffff", "11" * 32)]
    assert digest_of_entries(entries) == digest_of_entries(entries[::-1]) == digest_of_entries(dict(entries))


def test_a_link_in_a_folder_is_refused_before_it_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"a": b"1"})
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(UndigestibleModelError, match="link: a model holds files and folders only"):
        model_digest_of_folder(tmp_path)


def test_a_link_to_a_folder_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "up").symlink_to("..", target_is_directory=True)
    with pytest.raises(UndigestibleModelError):
        model_digest_of_folder(tmp_path)


def test_a_fifo_is_refused_and_hangs_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.onnx")
    with pytest.raises(UndigestibleModelError):
        model_digest_of_folder(tmp_path)


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # By a relative name, since a socket's path is short.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        with pytest.raises(UndigestibleModelError):
            model_digest_of_folder(tmp_path)


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b"])
def test_a_name_that_leaves_the_zips_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UndigestibleModelError, match="leaves the folder"):
        model_digest_of_zip(pack(tmp_path / "a.zip", {name: b"x"}))


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UndigestibleModelError, match="a link"):
        model_digest_of_zip(tmp_path / "a.zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_in_a_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    with pytest.raises(UndigestibleModelError, match="twice"):
        model_digest_of_zip(tmp_path / "a.zip")


def test_canonical_json_is_one_text_for_one_document() -> None:
    assert canonical_json({"b": 1, "a": ["é", None]}) == '{"a":["é",null],"b":1}'.encode()
    assert sha256_of_document({"a": 1, "b": 2}) == sha256_of_document({"b": 2, "a": 1})


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_has_not_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"a": number})


def test_a_name_that_is_no_utf8_has_no_digest(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", {"a/b.txt": b"", os.fsdecode(b"a/k\xfc.txt"): b""})
    with pytest.raises(UndigestibleModelError, match=r"a/k\\xfc\.txt: the name is no UTF-8; rename the file"):
        model_digest_of_folder(folder)
