"""Reads the work folder: the versions that are whole, the one that serves, and how the trial of a new one went.

A version's folder is renamed only once it is complete, so one with a ``made.json`` is whole.
"""

import json
import os
import sys
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple

MADE: Final = "made.json"
CURRENT: Final = "current"
TRIAL: Final = "trial.json"
VERSION_VARIABLE: Final = "MLOPS_COMPONENT_VERSION"
"""The environment variable with the component's version (read by ``edge_agent/component_environment.py``)."""
PYTHON: Final = f"{sys.implementation.cache_tag} {sys.platform}"
"""The Python that an environment is made for. Another Python does not find its packages."""
WHEELS: Final = "wheels"
REQUIREMENTS: Final = "requirements.txt"
_CHUNK: Final = 1 << 20


class Wanted(NamedTuple):
    """The version that the nucleus starts, and the fingerprint of its files."""

    version: str
    made_from: str


class Made(NamedTuple):
    """A whole version. ``has_venv``: whether it has wheels, and so a virtual environment."""

    version: str
    made_from: str
    has_venv: bool


class Trial(NamedTuple):
    """How often a version was started without confirming anything, and how the last start ended."""

    version: str
    made_from: str
    begun: int
    words: str


class Standing(NamedTuple):
    """The content of the work folder.

    ``whole``: the whole versions by folder. ``current``: the folder that served last. ``confirmed``: the agent version
    that confirmed last.
    """

    whole: Mapping[str, Made]
    current: str | None = None
    trial: Trial | None = None
    confirmed: str | None = None


def standing_in(work: str) -> Standing:
    """Read the work folder. What cannot be read counts as missing."""
    versions = os.path.join(work, "versions")
    try:
        names = sorted(os.listdir(versions))
    except OSError:
        return Standing({})
    whole = {name: made for name in names if (made := _made(os.path.join(versions, name))) and name[0] != "."}
    whole.pop(CURRENT, None)
    try:
        current = os.readlink(os.path.join(versions, CURRENT))
    except OSError:
        current = None
    return Standing(whole, current, _trial(os.path.join(versions, TRIAL)), _confirmed(work))


def fingerprint(artifact: str) -> str:
    """Return a checksum of the artifact's file names and bytes. Of wheels, which name their version, only the size."""
    total = 0
    for folder, below, names in os.walk(artifact):
        below[:] = sorted(each for each in below if each != "__pycache__")
        is_wheels = folder == os.path.join(artifact, WHEELS)
        for name in sorted(names):
            path = os.path.join(folder, name)
            size = os.stat(path).st_size
            total = zlib.crc32(f"{os.path.relpath(path, artifact)} {size}\n".encode(errors="surrogateescape"), total)
            if not is_wheels:
                with open(path, "rb") as stream:
                    while chunk := stream.read(_CHUNK):
                        total = zlib.crc32(chunk, total)
    return f"{total:08x}"


def command_of(folder: str, made: Made) -> list[str]:
    """Return the command that starts the agent of a whole version."""
    python = os.path.join(folder, "venv", "bin", "python") if made.has_venv else sys.executable
    return [python, "-u", "-m", "edge_agent", "run"]


def _made(folder: str) -> Made | None:
    said = _json(os.path.join(folder, MADE))
    try:
        made = Made(str(said["version"]), str(said["made_from"]), bool(said["has_venv"]))
    except KeyError:
        return None
    runs = os.access(command_of(folder, made)[0], os.X_OK) and said.get("python") == PYTHON
    return made if runs else None


def _trial(path: str) -> Trial | None:
    said = _json(path)
    try:
        return Trial(str(said["version"]), str(said["made_from"]), int(str(said["begun"])), str(said["words"]))
    except (KeyError, ValueError):
        return None


def _confirmed(work: str) -> str | None:
    """Return the agent version that confirmed last, from the agent's memory (``edge_agent/memory.py``)."""
    versions = _json(os.path.join(work, "state", "memory.json")).get("confirmed_by")
    return str(versions[-1]) if isinstance(versions, list) and versions else None


def said_running(work: str) -> str | None:
    """Return the agent version that last told its nucleus that it runs."""
    version = _json(os.path.join(work, "state", "memory.json")).get("running")
    return version if isinstance(version, str) else None


def _json(path: str) -> dict[str, object]:
    try:
        with open(path, encoding="utf-8") as stream:
            said = json.load(stream)
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
