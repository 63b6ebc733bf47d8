"""A file is the old one or the new one, never half of it."""

from pathlib import Path

import pytest

from shared_schema.documents.writing import write_whole


def test_it_is_there_with_its_folder_and_readable_by_all(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"
    write_whole(path, "ä")
    assert path.read_bytes() == "ä".encode()
    assert path.stat().st_mode & 0o777 == 0o644
    write_whole(path, b"\x00", mode=0o600)
    assert path.read_bytes() == b"\x00"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["b.json"]


def test_a_write_that_fails_leaves_the_old_one_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    write_whole(path, "old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
