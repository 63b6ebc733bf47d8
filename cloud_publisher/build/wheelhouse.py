"""The wheels that a device without internet installs from: an extra's pinned requirements, for each named platform.

They are downloaded with pip, from the index that the machine is set up for.
"""

import os
import re
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from cloud_publisher.build.commands import run_command
from cloud_publisher.errors import BuildFailedError
from cloud_publisher.validation.roots import CONSTRAINTS_FILE, PROJECT_FILE
from shared_schema.config import Build

REQUIREMENTS_FILE = "requirements.txt"
WHEELS_FOLDER = "wheels"
SAME_MACHINE = "this"
_NO_WHEEL = re.compile(r"No matching distribution found for ([^\s;]+)")
_NONE_OF = re.compile(r"have no matching distributions available for your environment")
_CONFLICT = re.compile(r"ERROR: Cannot install (.+?) because these package versions have conflicting")
_PIN = "(constraint) "
_LIBC = re.compile(r"(?P<libc>manylinux|musllinux)_(?P<major>\d+)_(?P<minor>\d+)_(?P<machine>[a-z0-9_]+)")
_ALIASES = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
"""The glibc versions of the older platform tags (PEP 600)."""


def requirements_of(root: Path, extra: str) -> list[str]:
    """Return the project's requirements and the extra's, as pyproject.toml has them, in the order of their names."""
    project = tomllib.loads((root / PROJECT_FILE).read_text(encoding="utf-8"))["project"]
    return sorted({*project.get("dependencies", []), *project["optional-dependencies"][extra]})


def download_wheels(
    root: Path,
    build: Build,
    target: Path,
    *,
    platforms: Sequence[str],
    on_line: Callable[[str], None],
    whose: str,
) -> None:
    """Write ``requirements.txt`` and ``wheels/`` into ``target``, with the wheels for each of ``platforms``.

    Raises ``BuildFailedError``, which names the requirement that has no wheel for one of them.
    """
    wheels = target / WHEELS_FOLDER
    wheels.mkdir(parents=True)
    requirements = target / REQUIREMENTS_FILE
    requirements.write_text("\n".join(requirements_of(root, build.extra or "")) + "\n", encoding="utf-8")
    for platform in platforms:
        lines: list[str] = []

        def listen(line: str, lines: list[str] = lines) -> None:
            lines.append(line)
            if line.startswith(("ERROR", "WARNING")):
                on_line(line)

        try:
            run_command(
                _pip(build, platform, requirements, root / CONSTRAINTS_FILE, wheels),
                folder=target,
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
    """Return the requirements, with pins, that pip's output says have no wheel; pip stops at the first."""
    found = [match[1] for line in lines if (match := _NO_WHEEL.search(line))]
    pins = {re.split(r"[=<>!~ \[]", pin, maxsplit=1)[0]: pin for line in lines if (pin := line.partition(_PIN)[2])}
    # pip before 24 reports a pin without a wheel as a conflict between the requirement and its pin.
    for asked in (match[1] for line in lines if (match := _CONFLICT.search(line))):
        name = re.split(r"[=<>!~ \[,]", asked, maxsplit=1)[0]
        if name in pins:
            found.append(pins[name])
    start = next((number for number, line in enumerate(lines, start=1) if _NONE_OF.search(line)), len(lines))
    for line in lines[start:]:
        if not line.startswith("  "):
            break
        found.append(pins.get(line.strip(), line.strip()))
    return list(dict.fromkeys(found))


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


def _remedy(build: Build, platform: str) -> str:
    return f"pin versions in {CONSTRAINTS_FILE} that have wheels for Python {build.python} on {platform}"


def _pip(build: Build, platform: str, requirements: Path, constraints: Path, wheels: Path) -> list[str]:
    # Not --quiet, which hides the requirement that has no wheel.
    command = [sys.executable, "-m", "pip", "download", "--progress-bar=off", "--no-color", "--no-input"]
    command += ["--disable-pip-version-check"]
    command += ["--only-binary=:all:", "--python-version", build.python, "--dest", str(wheels)]
    if platform != SAME_MACHINE:
        for tag in tags_of(platform):
            command += ["--platform", tag]
    return [*command, "--constraint", str(constraints.resolve()), "--requirement", str(requirements)]
