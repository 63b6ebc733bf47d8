"""``agent/`` of a deploy repository from before there was ``tools/``: the agent's sources, and what a device needs.

`init --upgrade` keeps them current as long as the config builds the agent from them.
"""

import importlib.metadata
from pathlib import PurePosixPath

from cloud_publisher.initialising.installation import DISTRIBUTION, files_of, lock_text, package

FOLDER = PurePosixPath("agent")
PACKAGES = ("edge_agent", "shared_schema")
LOCK = "agent.txt"
REQUIREMENTS = "requirements.txt"


def agent_files() -> dict[PurePosixPath, bytes]:
    """Return each file's content by its path in the repository. Raises ``WorkFailedError``."""
    contents = {FOLDER / name / path: content for name in PACKAGES for path, content in files_of(package(name))}
    contents[FOLDER / "pyproject.toml"] = _agent_project(importlib.metadata.version(DISTRIBUTION)).encode()
    contents[FOLDER / REQUIREMENTS] = lock_text(LOCK).encode()
    return contents


def _agent_project(version: str) -> str:
    """Return the pyproject.toml that names what a device needs beside the sources; the build reads its requirements."""
    marker = 'extra == "agent"'
    found = [
        requirement.partition(";")[0].strip()
        for requirement in importlib.metadata.requires(DISTRIBUTION) or []
        if ";" not in requirement or requirement.replace("'", '"').endswith(marker)
    ]
    always = [each for each in importlib.metadata.requires(DISTRIBUTION) or [] if ";" not in each]
    agent = [each for each in found if each not in always]
    return "\n".join(
        [
            "# What a device needs beside the agent's sources, for `wheels: true`.",
            "[project]",
            'name = "edge-agent"',
            f'version = "{version}"',
            'requires-python = ">=3.11"',
            _array("dependencies", always),
            "",
            "[project.optional-dependencies]",
            _array("agent", agent),
            "",
        ]
    )


def _array(name: str, values: list[str]) -> str:
    return "\n".join([f"{name} = [", *(f'    "{value}",' for value in sorted(values)), "]"])
