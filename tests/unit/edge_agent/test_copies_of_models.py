"""Control's own copies: what was digested is what is vetted and served, whatever becomes of the artifact."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from edge_agent.errors import VettingAbandonedError
from edge_agent.serving.model_cache import CachedModel, ModelCache
from edge_agent.vetting.copies import SPARE, Copies, ModelFiles
from edge_agent.vetting.protocol import Outcome
from shared_schema.digests import model_digest_of_folder
from shared_schema.messages import Reason


@pytest.fixture(name="artifact")
def artifact_fixture(tmp_path: Path) -> Path:
    folder = tmp_path / "artifact"
    (folder / "golden").mkdir(parents=True)
    (folder / "model.onnx").write_bytes(os.urandom(3_000_000))
    (folder / "golden" / "a.png").write_bytes(b"a picture")
    return folder


@pytest.fixture(name="copies")
def copies_fixture(tmp_path: Path) -> Copies:
    return Copies(tmp_path / "copies")


def made(found: ModelFiles | Outcome) -> ModelFiles:
    assert isinstance(found, ModelFiles), found.words
    return found


def refusal(found: ModelFiles | Outcome) -> Outcome:
    assert isinstance(found, Outcome)
    return found


def test_a_copy_has_the_digest_of_its_own_bytes_and_stays_as_it_is(artifact: Path, copies: Copies) -> None:
    digest = model_digest_of_folder(artifact)
    files = made(copies.make(artifact, digest))
    (artifact / "model.onnx").write_bytes(b"something else")
    assert files.folder.name == files.digest == digest == model_digest_of_folder(files.folder)
    # The digest's copy is there already; the artifact is not read again.
    assert made(copies.make(artifact, digest)).folder == files.folder


def test_other_bytes_than_those_that_were_released_are_refused(artifact: Path, copies: Copies, tmp_path: Path) -> None:
    out = refusal(copies.make(artifact, "A" * 43))
    assert (out.reason, list(out.steps_ms)) == (Reason.DIGEST, ["digest"])
    assert not out.holds or out.reason is Reason.DIGEST
    assert list((tmp_path / "copies").iterdir()) == []


def test_links_and_pipes_are_refused_before_they_are_opened(artifact: Path, copies: Copies) -> None:
    (artifact / "link").symlink_to("/etc/passwd")
    assert "link: a model holds files" in (refusal(copies.make(artifact, None)).words or "")
    (artifact / "link").unlink()
    os.mkfifo(artifact / "pipe")
    assert refusal(copies.make(artifact, None)).reason is Reason.DIGEST


def test_a_name_that_is_no_utf_8_is_refused(artifact: Path, copies: Copies) -> None:
    Path(os.fsdecode(bytes(artifact) + b"/\xff.onnx")).write_bytes(b"")
    assert refusal(copies.make(artifact, None)).reason is Reason.DIGEST


def test_a_model_that_finds_no_room_is_refused_before_a_byte_is_copied(
    artifact: Path, copies: Copies, tmp_path: Path
) -> None:
    with (artifact / "model.onnx").open("r+b") as stream:
        stream.truncate(shutil.disk_usage(tmp_path).free - SPARE + 4096)
    out = refusal(copies.make(artifact, None))
    assert out.reason is Reason.DISK
    assert "free some of the disk" in (out.words or "")
    # Not final: the same digest may serve once there is room.
    assert not out.holds
    assert list((tmp_path / "copies").iterdir()) == []


def test_where_nothing_can_be_written_the_files_are_used_where_they_are(artifact: Path, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    copies = Copies(tmp_path / "state" / "copies")
    digest = model_digest_of_folder(artifact)
    assert made(copies.make(artifact, digest)).folder == artifact
    assert refusal(copies.make(artifact, "A" * 43)).reason is Reason.DIGEST
    copies.drop(artifact)
    assert artifact.is_dir()


def test_an_abandoned_copy_leaves_nothing(artifact: Path, copies: Copies, tmp_path: Path) -> None:
    abandoned = threading.Event()
    abandoned.set()
    with pytest.raises(VettingAbandonedError):
        copies.make(artifact, None, abandoned)
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_copy_stays_while_a_model_is_open_on_it(artifact: Path, copies: Copies) -> None:
    files = made(copies.make(artifact, None))
    copies.hold(files.folder)
    copies.hold(files.folder)
    copies.drop(files.folder)
    copies.keep_only(set())
    copies.release(files.folder)
    assert files.folder.is_dir()
    copies.release(files.folder)
    assert not files.folder.exists()


def test_copies_that_nobody_proposes_any_more_are_removed(artifact: Path, copies: Copies) -> None:
    one = made(copies.make(artifact, None))
    (artifact / "model.onnx").write_bytes(b"another")
    other = made(copies.make(artifact, None))
    copies.keep_only({other.digest})
    assert (one.folder.exists(), other.folder.exists()) == (False, True)
    Copies(other.folder.parent).clear()
    assert not other.folder.exists()


def test_a_copy_becomes_the_kept_one_without_being_copied_again(artifact: Path, tmp_path: Path, copies: Copies) -> None:
    files = made(copies.make(artifact, None))
    cache = ModelCache(tmp_path / "model-cache", tmp_path / "copies")
    inode = (files.folder / "model.onnx").stat().st_ino
    cache.keep(CachedModel(model="m", component="c", version="1.0.0", digest=files.digest), files.folder)
    assert (cache.folder(files.digest) / "model.onnx").stat().st_ino == inode
    assert not files.folder.exists()
