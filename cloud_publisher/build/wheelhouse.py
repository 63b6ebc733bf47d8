"""The wheels that a device with no internet installs from: an extra's pinned requirements, for each platform named.

Downloaded with pip, so whatever index the machine is set up for serves.
"""

import os
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from cloud_publisher.build.commands import run_command
from cloud_publisher.validation.roots import CONSTRAINTS_FILE, PROJECT_FILE
from shared_schema.config import Build

REQUIREMENTS_FILE = "requirements.txt"
WHEELS_FOLDER = "wheels"
SAME_MACHINE = "this"


def requirements_of(root: Path, extra: str) -> list[str]:
    """The project's own requirements and the extra's, as pyproject.toml has them, in the order of their names."""
    project = tomllib.loads((root / PROJECT_FILE).read_text(encoding="utf-8"))["project"]
    return sorted({*project.get("dependencies", []), *project["optional-dependencies"][extra]})


def download_wheels(
    root: Path, build: Build, target: Path, *, timeout: float, told: Callable[[str], None], whose: str
) -> None:
    """Write ``requirements.txt`` and ``wheels/`` into ``target``. Raises ``BuildFailedError`` when pip cannot."""
    wheels = target / WHEELS_FOLDER
    wheels.mkdir(parents=True)
    requirements = target / REQUIREMENTS_FILE
    requirements.write_text("\n".join(requirements_of(root, build.extra or "")) + "\n", encoding="utf-8")
    for platform in build.platforms:
        run_command(
            _pip(build, platform, requirements, root / CONSTRAINTS_FILE, wheels),
            folder=target,
            environment=os.environ,
            timeout=timeout,
            told=told,
            whose=whose,
            remedy=f"pin versions in {CONSTRAINTS_FILE} that have wheels for Python {build.python} on {platform}",
        )


def _pip(build: Build, platform: str, requirements: Path, constraints: Path, wheels: Path) -> list[str]:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--only-binary=:all:", "--python-version", build.python, "--dest", str(wheels)]
    if platform != SAME_MACHINE:
        command += ["--platform", platform]
    return [*command, "--constraint", str(constraints.resolve()), "--requirement", str(requirements)]
