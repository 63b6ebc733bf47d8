"""A program, not a test: a nucleus that notes what is on the disk for certain.

``recording_nucleus.py JOURNAL ROOT NUCLEUS-ARGUMENTS…``. After each fsync it writes down what the file or folder held
then, and what names there are: from that the test makes the disks that a power cut may leave.
"""

import json
import os
import runpy
import stat
import sys
import threading
from pathlib import Path

_JOURNAL, _ROOT = Path(sys.argv[1]), Path(sys.argv[2])
_LOCK = threading.Lock()
_HELD: list[int] = []
_really_sync = os.fsync


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    return entry.is_dir(follow_symlinks=False)


def _names() -> dict[str, tuple[int, bool]]:
    """Every path below what a nucleus keeps: its inode, and whether it is a folder."""
    found: dict[str, tuple[int, bool]] = {}
    waiting = [_ROOT / "config", _ROOT / "packages"]
    while waiting:
        folder = waiting.pop()
        try:
            found[str(folder.relative_to(_ROOT))] = (folder.stat().st_ino, True)
            for entry in os.scandir(folder):
                if _is_folder(entry):
                    waiting.append(Path(entry.path))
                else:
                    found[str(Path(entry.path).relative_to(_ROOT))] = (entry.inode(), False)
        except FileNotFoundError:
            continue
    return found


def _sync(number: int) -> None:
    _really_sync(number)
    with _LOCK:
        about = os.fstat(number)
        # Held open, an inode's number is nobody else's.
        _HELD.append(os.dup(number))
        note: dict[str, object] = {"inode": about.st_ino, "names": _names()}
        if stat.S_ISDIR(about.st_mode):
            note["entries"] = {each.name: (each.inode(), _is_folder(each)) for each in os.scandir(number)}
        else:
            note["content"] = Path(f"/proc/self/fd/{number}").read_bytes().hex()
        with _JOURNAL.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(note) + "\n")


os.fsync = _sync
sys.argv[1:] = sys.argv[3:]

runpy.run_module("greengrass_emulator.nucleus", run_name="__main__")
