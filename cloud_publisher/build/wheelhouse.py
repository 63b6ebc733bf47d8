"""The wheels that a device without internet installs from: those that a lock names, for each named platform.

They are downloaded with pip, from the index that the machine is set up for; each has the hash that the lock gives.
"""

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from cloud_publisher.build.commands import run_command
from cloud_publisher.build.requirement_lock import LOCK_COMMAND, Locked, locked_for, read_lock
from cloud_publisher.errors import BuildFailedError
from shared_schema.config import Build

REQUIREMENTS_FILE = "requirements.txt"
WHEELS_FOLDER = "wheels"
SAME_MACHINE = "this"
_NO_WHEEL = re.compile(r"No matching distribution found for ([^\s;]+)")
_LIBC = re.compile(r"(?P<libc>manylinux|musllinux)_(?P<major>\d+)_(?P<minor>\d+)_(?P<machine>[a-z0-9_]+)")
_ALIASES = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
"""The glibc versions of the older platform tags (PEP 600)."""


def lock_of(root: Path, build: Build) -> list[Locked]:
    """Return the packages of a build's lock, which `validate` has found there. Raises ``InvalidDocumentError``."""
    path = root / build.requirements
    return read_lock(path.read_text(encoding="utf-8"), path.as_posix())


def download_wheels(
    root: Path,
    build: Build,
    target: Path,
    *,
    platforms: Sequence[str],
    carried: Path | None,
    on_line: Callable[[str], None],
    whose: str,
) -> None:
    """Write ``requirements.txt`` and ``wheels/`` into ``target``, with the wheels for each of ``platforms``.

    ``carried`` is a folder that may have some of them: a build account without an index brings them in ``tools/``.
    Raises ``BuildFailedError``, which names the requirement that has no wheel for one of them.
    """
    wheels = target / WHEELS_FOLDER
    wheels.mkdir(parents=True)
    requirements = target / REQUIREMENTS_FILE
    lock = lock_of(root, build)
    # With its markers and hashes: the device's pip takes from it what is for its own Python.
    _write(requirements, lock)
    for platform in platforms:
        here = None if platform == SAME_MACHINE else platform
        wanted = target.with_name(f"{target.name}.{platform}.txt")
        _write(wanted, locked_for(lock, python=build.python, platform=here))
        lines: list[str] = []

        def listen(line: str, lines: list[str] = lines) -> None:
            lines.append(line)
            if line.startswith(("ERROR", "WARNING")):
                on_line(line)

        try:
            run_command(
                _pip(build, platform, wanted, wheels, carried),
                # pip takes the paths of its own variables, such as PIP_FIND_LINKS, by the current folder.
                folder=Path(),
                environment=os.environ,
                timeout=build.timeout,
                on_line=listen,
                whose=whose,
                remedy=_remedy(build, platform),
            )
        except BuildFailedError as error:
            lacking = lacking_wheels(lines)
            if not lacking:
                raise
            raise BuildFailedError(
                f"{whose}: there is no wheel of {', '.join(lacking)} for Python {build.python} on {platform}",
                error.remedy,
            ) from error


def lacking_wheels(lines: Sequence[str]) -> list[str]:
    """Return the requirements that pip's output says have no wheel; pip stops at the first."""
    return list(dict.fromkeys(match[1] for line in lines if (match := _NO_WHEEL.search(line))))


def tags_of(platform: str) -> list[str]:
    """Return the tags of the wheels that run on a platform: its own first, then those of an older glibc or musl.

    pip accepts exactly the tags that it is given. Sources: PEP 600 (manylinux and its older names), PEP 656.
    """
    for (glibc_major, glibc_minor), alias in _ALIASES.items():
        if platform.startswith(f"{alias}_"):
            platform = f"manylinux_{glibc_major}_{glibc_minor}_{platform.removeprefix(f'{alias}_')}"
    match = _LIBC.fullmatch(platform)
    if match is None:
        return [platform]
    libc, major, minor, machine = match["libc"], int(match["major"]), int(match["minor"]), match["machine"]
    oldest = 0 if libc == "musllinux" else 5 if machine in {"x86_64", "i686"} else 17
    tags = []
    for each in range(minor, min(oldest, minor) - 1, -1):
        tags.append(f"{libc}_{major}_{each}_{machine}")
        if libc == "manylinux" and (major, each) in _ALIASES:
            tags.append(f"{_ALIASES[major, each]}_{machine}")
    return tags


def _write(path: Path, lock: Sequence[Locked]) -> None:
    path.write_text("".join(f"{each}\n" for each in lock), encoding="utf-8")


def _remedy(build: Build, platform: str) -> str:
    return (
        f"lock versions in {build.requirements} that have wheels for Python {build.python} on {platform}, "
        f"with {LOCK_COMMAND}"
    )


def _pip(build: Build, platform: str, requirements: Path, wheels: Path, carried: Path | None) -> list[str]:
    # Not --quiet, which hides the requirement that has no wheel. The lock is whole, and pip would judge what packages
    # require by the Python that it runs on: --no-deps.
    command = [sys.executable, "-P", "-m", "pip", "download", "--progress-bar=off", "--no-color", "--no-input"]
    command += ["--disable-pip-version-check", "--require-hashes", "--no-deps"]
    command += ["--only-binary=:all:", "--python-version", build.python, "--dest", str(wheels)]
    if platform != SAME_MACHINE:
        for tag in tags_of(platform):
            command += ["--platform", tag]
    if carried is not None:
        command += ["--find-links", str(carried.resolve())]
    return [*command, "--requirement", str(requirements)]
