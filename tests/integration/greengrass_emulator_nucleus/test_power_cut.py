"""The power goes at any moment: what was synced is there, what was not is anybody's guess, and the device goes on.

Two guesses are held against each moment: of all that was not synced, nothing came through; or every name did, and no
byte. Files that components write are their own affair.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

A = "com.example.a"
RECORDER = Path(__file__).with_name("recording_nucleus.py")
NOT_SYNCED = b""


@dataclass
class Journal:
    """What was synced, in its order."""

    notes: list[dict[str, Any]]
    root_inode: int

    def strict(self, moments: int) -> dict[str, bytes]:
        """The files after so many notes if nothing else came through. A folder is a name with a slash behind it."""
        folders = {note["inode"]: note["entries"] for note in self.notes[:moments] if "entries" in note}
        contents = self._contents(moments)
        found: dict[str, bytes] = {}
        waiting = [("", self.root_inode)]
        while waiting:
            at, inode = waiting.pop()
            for name, (below, is_folder) in folders.get(inode, {}).items():
                if is_folder:
                    waiting.append((f"{at}{name}/", below))
                    found[f"{at}{name}/"] = b""
                else:
                    found[at + name] = contents.get(below, NOT_SYNCED)
        return found

    def names_only(self, moments: int) -> dict[str, bytes]:
        """The files after so many notes if every name came through, and of their content what was synced."""
        if not moments:
            return {}
        contents = self._contents(moments)
        names = self.notes[moments - 1]["names"]
        return {
            f"{path}/" if is_folder else path: b"" if is_folder else contents.get(inode, NOT_SYNCED)
            for path, (inode, is_folder) in names.items()
        }

    def _contents(self, moments: int) -> dict[int, bytes]:
        return {note["inode"]: bytes.fromhex(note["content"]) for note in self.notes[:moments] if "content" in note}


@pytest.fixture
def recorded(make_device: Callable[..., Any], tmp_path: Path) -> Callable[[str], Any]:
    """A device that keeps a journal."""

    def make(runtime: str) -> Any:
        return make_device(runtime, program=[sys.executable, str(RECORDER), str(tmp_path / "journal")])

    return make


def _give(device: Any, version: str) -> bytes:
    entries = {f"{folder}/{each}.txt": version for folder in ("a", "b") for each in range(3)}
    device.give_zip(A, version, "files.zip", entries)
    device.give(
        A,
        version,
        configuration={"n": 0},
        artifacts=[{"Uri": "s3://b/files.zip", "Unarchive": "ZIP"}],
        run="cat {artifacts:decompressedPath}/files/*/*.txt > read; echo $SVCUID > svcuid; exec sleep 1000",
    )
    archive: bytes = (device.artifacts / A / version / "files.zip").read_bytes()
    return archive


def _check(files: dict[str, bytes], archives: dict[str, bytes], told: str) -> None:
    """``told``: the version whose deployment somebody was told had succeeded, or empty."""
    written = files.get("config/state.json")
    if written is None:
        assert not told
        return
    state = json.loads(written)
    versions = state["versions"]
    assert not told or versions.get(A, "") >= told
    for name, version in versions.items():
        assert json.loads(files[f"packages/recipes/{name}-{version}.json"])["ComponentVersion"] == version
        assert files[f"packages/artifacts/{name}/{version}/files.zip"] == archives[version]
    for version in archives:
        unpacked = f"packages/artifacts-unarchived/{A}/{version}/files/"
        if unpacked in files:
            inside = [text for path, text in files.items() if path.startswith(unpacked) and not path.endswith("/")]
            assert inside == [version.encode()] * 6
    before = state["unfinished"] and state["unfinished"]["before"]
    configured = before if before is not None else state["configuration"]
    is_settled = before is not None or state["unfinished"] is None
    if versions and is_settled:
        assert configured[A]["n"] == int(versions[A][0])


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_the_power_goes_at_any_moment_and_nothing_is_half_done(
    recorded: Callable[[str], Any], make_device: Callable[..., Any], tmp_path: Path, runtime: str
) -> None:
    device = recorded(runtime)
    journal_path, archives, told = tmp_path / "journal", {}, {0: ""}
    for number in (1, 2):
        version = f"{number}.0.0"
        archives[version] = _give(device, version)
        assert device.deploy(f"{A}={version}", update={A: {"MERGE": {"n": number}}}).status == "SUCCEEDED"
        told[len(journal_path.read_text().splitlines())] = version
    inode = device.root.stat().st_ino
    device.kill()
    journal = Journal([json.loads(line) for line in journal_path.read_text().splitlines()], inode)
    known = ""
    for moments in range(len(journal.notes) + 1):
        known = told.get(moments, known)
        _check(journal.strict(moments), archives, known)
        _check(journal.names_only(moments), archives, known)
    # And a nucleus goes on from it: at once after it had said so, and in the midst of the second deployment.
    begun = next(
        moments
        for moments in range(min(told.keys() - {0}), len(journal.notes))
        if b'"deployment":""' not in (state := journal.strict(moments)["config/state.json"]).replace(b" ", b"")
        and b'"unfinished":null' not in state.replace(b" ", b"")
    )
    for moments in (max(told), begun):
        again = _left_by_a_power_cut(make_device, runtime, journal.strict(moments))
        again.until_state(A, "RUNNING")
        if runtime == "lite" and moments == begun:
            # It keeps no local deployment: what it had done of this one stays as it is.
            assert again.status().deployments == []
            continue
        for deployment in again.status().deployments:
            assert again.ended(deployment.id).status == "SUCCEEDED"
        assert again.status().components[A].version == "2.0.0"
        again.token(A)
        assert (again.work(A) / "read").read_text() == "2.0.0" * 6
        assert again.speak_as(A).get_configuration().value == {"n": 2}


def _left_by_a_power_cut(make_device: Callable[..., Any], runtime: str, files: dict[str, bytes]) -> Any:
    def fill(root: Path) -> None:
        for path, content in files.items():
            if not path.endswith("/"):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)

    return make_device(runtime, before=fill)
