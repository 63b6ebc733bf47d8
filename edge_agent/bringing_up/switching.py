"""Switches to a version: writes the link to it and small files, and becomes its agent.

After an interruption each file is whole: the old one or the new one.
"""

import json
import os
from contextlib import suppress
from typing import NoReturn

from edge_agent.bringing_up.standing import CURRENT, TRIAL, VERSION_VARIABLE, Standing, Trial, command_of


def switch_to(work: str, folder: str) -> None:
    """Point ``versions/current`` to this folder. Raises ``OSError``; the link is unchanged then."""
    versions = os.path.join(work, "versions")
    beside = os.path.join(versions, f".{CURRENT}.{os.getpid()}")
    with suppress(FileNotFoundError):
        os.unlink(beside)
    os.symlink(folder, beside)
    os.replace(beside, os.path.join(versions, CURRENT))
    sync_folder(versions)


def become(work: str, folder: str, standing: Standing) -> NoReturn:
    """Become the agent in this folder. Raises ``OSError`` if it cannot be started."""
    command = command_of(os.path.join(work, "versions", folder), standing.whole[folder])
    os.execve(command[0], command, environment_of(work, folder, standing))  # noqa: S606 - no shell is wanted


def environment_of(work: str, folder: str, standing: Standing) -> dict[str, str]:
    """Return the environment variables for the agent in this folder."""
    packages = os.path.join(work, "versions", folder, "packages")
    return {**os.environ, "PYTHONPATH": packages, VERSION_VARIABLE: standing.whole[folder].version}


def write_trial(work: str, trial: Trial) -> None:
    """Remember a trial. Raises ``OSError``."""
    write_json(os.path.join(work, "versions", TRIAL), trial._asdict())


def forget_trial(work: str) -> None:
    """Forget the trial."""
    with suppress(OSError):
        os.unlink(os.path.join(work, "versions", TRIAL))


def say_not_installed(work: str, version: str, words: str) -> None:
    """Leave a note for the agent that serves, which reports DEGRADED, reason ``install``. Raises ``OSError``."""
    os.makedirs(os.path.join(work, "state"), exist_ok=True)
    write_json(_install_file(work), {"version": version, "words": words})


def say_nothing(work: str) -> None:
    """Remove the note about an earlier version or attempt."""
    with suppress(OSError):
        os.unlink(_install_file(work))


def write_json(path: str, value: object) -> None:
    """Write a file beside it, flush it to the disk, and rename it. Raises ``OSError``."""
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
    """Flush the names in a folder to the disk. Raises ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _install_file(work: str) -> str:
    return os.path.join(work, "state", "install.json")
