"""Artifacts on the device: whose they are when unpacked, how long they stay, and zips that are refused."""

import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

A, B, M = "com.example.a", "com.example.b", "com.example.model"

STAY = "echo $SVCUID > svcuid; exec sleep 1000"


def test_unpacked_files_are_closed_to_others_until_their_component_runs(classic: Any) -> None:
    read = f"cat {{kernel:rootPath}}/packages/artifacts-unarchived/{M}/*/model/model.txt"
    classic.give(A, run=f"echo $SVCUID > svcuid; while [ ! -e go ]; do sleep 0.05; done; {read} > said 2>&1; {STAY}")
    classic.deploy(f"{A}=1.0.0")
    classic.give_zip(M, "1.0.0", "model.zip", {"model.txt": "for one"})
    artifacts = [{"Uri": "s3://bucket/model.zip", "Unarchive": "ZIP"}]
    # No step of the model's own runs yet: its dependency never starts.
    classic.give(B, startup=STAY)
    classic.give(
        M,
        artifacts=artifacts,
        dependencies={B: {"VersionRequirement": "1.0.0"}},
        run="cat {artifacts:decompressedPath}/model/model.txt > own",
    )
    classic.ask_deployment(f"{M}=1.0.0")
    client = classic.speak_as(B)
    (classic.work(A) / "go").touch()
    said = classic.work(A) / "said"
    classic.until_state(A, "RUNNING")
    _until_text(said, "Permission denied")
    client.update_state(state="RUNNING")
    classic.until_state(M, "FINISHED")
    assert (classic.work(M) / "own").read_text() == "for one"


def _until_text(path: Path, text: str) -> None:
    import time

    deadline = time.monotonic() + 40
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < deadline, path.read_text() if path.exists() else "nothing"
        time.sleep(0.05)


def test_read_all_opens_unpacked_files_to_every_component_at_once(classic: Any) -> None:
    classic.give_zip(M, "1.0.0", "model.zip", {"deep/model.txt": "for all"})
    permission = {"Read": "ALL"}
    classic.give(M, run="exit 0", artifacts=[{"Uri": "s3://b/model.zip", "Unarchive": "ZIP", "Permission": permission}])
    classic.deploy(f"{M}=1.0.0")
    file = classic.root / "packages/artifacts-unarchived" / M / "1.0.0/model/deep/model.txt"
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("for all", 0o444)
    if os.geteuid() == 0:
        # A component runs without root's right to write anywhere.
        classic.give(A, run=f"touch {file.parent}/new 2> said; exit 0")
        classic.deploy(f"{A}=1.0.0")
        classic.until_state(A, "FINISHED")
        assert "Permission denied" in (classic.work(A) / "said").read_text()


@pytest.mark.parametrize("entry", ["../outside.txt", "/absolute.txt", "a/../../outside.txt", "..\\outside.txt"])
def test_a_zip_that_leads_out_of_its_folder_is_refused_whole(classic: Any, entry: str) -> None:
    classic.give_zip(M, "1.0.0", "model.zip", {"good.txt": "x", entry: "x"})
    classic.give(M, run="exit 0", artifacts=[{"Uri": "s3://b/model.zip", "Unarchive": "ZIP"}])
    ended = classic.deploy(f"{M}=1.0.0")
    assert ended.detailed == "FAILED_NO_STATE_CHANGE"
    assert "leads out of its folder" in ended.cause
    assert classic.status().components == {}
    assert list(classic.folder.rglob("*.txt")) == []


def test_a_zip_that_is_none_is_refused(device: Any) -> None:
    folder = device.artifacts / M / "1.0.0"
    folder.mkdir(parents=True)
    (folder / "model.zip").write_bytes(b"PK\3\4 and then nothing")
    device.give(M, run="exit 0", artifacts=[{"Uri": "s3://b/model.zip", "Unarchive": "ZIP"}])
    ended = device.deploy(f"{M}=1.0.0")
    assert (ended.status, "cannot be unpacked" in ended.cause) == ("FAILED", True)


def test_the_current_and_the_previous_version_stay_on_the_disk(device: Any) -> None:
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        device.give_zip(M, version, "model.zip", {"v.txt": version})
        device.give(M, version, run="exit 0", artifacts=[{"Uri": "s3://b/model.zip", "Unarchive": "ZIP"}])
        assert device.deploy(f"{M}={version}").status == "SUCCEEDED"
        for given in (device.recipes, device.artifacts / M):
            subprocess.run(["rm", "-r", str(given)], check=True)
            given.mkdir()
    kept = {path.name for path in (device.root / "packages/artifacts-unarchived" / M).iterdir()}
    assert kept == ({"2.0.0", "3.0.0"} if device.runtime == "classic" else {"3.0.0"})


def _zip_with(device: Any, fill: Any) -> Any:
    folder = device.artifacts / M / "1.0.0"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "model.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.txt", "good")
        fill(archive)
    device.give(M, run="exit 0", artifacts=[{"Uri": "s3://b/model.zip", "Unarchive": "ZIP"}])
    return device.deploy(f"{M}=1.0.0")


def _says_to_be_large(archive: zipfile.ZipFile) -> None:
    for number in range(3):
        archive.writestr(f"zeros-{number}", b"\0" * 1_000_000)
        archive.infolist()[-1].file_size = 2**32 - 2


def _one_name_for_a_file_and_a_folder(archive: zipfile.ZipFile) -> None:
    archive.writestr("both", "x")
    archive.writestr("both/below", "x")


def _locked(archive: zipfile.ZipFile) -> None:
    archive.writestr("locked", "x")
    archive.infolist()[-1].flag_bits |= 1


def _packed_in_no_known_way(archive: zipfile.ZipFile) -> None:
    archive.writestr("odd", "x")
    archive.infolist()[-1].compress_type = 99


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (_says_to_be_large, "unpacks to more than"),
        (_one_name_for_a_file_and_a_folder, "cannot be unpacked"),
        (_locked, "encrypted"),
        (_packed_in_no_known_way, "cannot be unpacked"),
    ],
)
def test_an_invalid_zip_is_refused_whole(classic: Any, fill: Any, said: str) -> None:
    ended = _zip_with(classic, fill)
    assert ended.detailed == "FAILED_NO_STATE_CHANGE"
    assert said in ended.cause
    assert not list((classic.root / "packages").rglob("good.txt"))
    assert classic.status().components == {}


def test_a_link_in_a_zip_becomes_a_file_that_leads_nowhere(classic: Any, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")

    def fill(archive: zipfile.ZipFile) -> None:
        link = zipfile.ZipInfo("link")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, str(tmp_path / "secret"))

    assert _zip_with(classic, fill).status == "SUCCEEDED"
    unpacked = classic.root / "packages/artifacts-unarchived" / M / "1.0.0/model/link"
    assert not unpacked.is_symlink()
    assert unpacked.read_text() == str(tmp_path / "secret")
