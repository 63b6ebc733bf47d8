"""Small files and the link to what serves: each is there whole, or as it was, whatever interrupts the write."""

import json
import os
from contextlib import suppress

from edge_agent.bringing_up.standing import CURRENT, TRIAL, Trial


def switch_to(work: str, folder: str) -> None:
    """Have ``versions/current`` lead to this folder. Raises ``OSError``, and then leads where it led."""
    versions = os.path.join(work, "versions")
    beside = os.path.join(versions, f".{CURRENT}.{os.getpid()}")
    with suppress(FileNotFoundError):
        os.unlink(beside)
    os.symlink(folder, beside)
    os.replace(beside, os.path.join(versions, CURRENT))
    sync_folder(versions)


def write_trial(work: str, trial: Trial) -> None:
    """Remember a trial. Raises ``OSError``."""
    write_json(os.path.join(work, "versions", TRIAL), trial._asdict())


def forget_trial(work: str) -> None:
    """There is none any more."""
    with suppress(OSError):
        os.unlink(os.path.join(work, "versions", TRIAL))


def say_not_installed(work: str, version: str, words: str) -> None:
    """Tell the agent that serves, which tells the cloud: DEGRADED, reason ``install``. Raises ``OSError``."""
    os.makedirs(os.path.join(work, "state"), exist_ok=True)
    write_json(_install_file(work), {"version": version, "words": words})


def say_nothing(work: str) -> None:
    """What was said of an earlier version, or of an earlier attempt, holds no longer."""
    with suppress(OSError):
        os.unlink(_install_file(work))


def write_json(path: str, value: object) -> None:
    """Write beside it, flush to the disk, and rename over it. Raises ``OSError``."""
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name}.{os.getpid()}")
    try:
        with open(beside, "w", encoding="utf-8") as stream:
            json.dump(value, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside)
    sync_folder(folder)


def sync_folder(folder: str) -> None:
    """Have the disk know the names in a folder. Raises ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _install_file(work: str) -> str:
    return os.path.join(work, "state", "install.json")
