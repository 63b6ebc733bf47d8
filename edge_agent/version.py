"""Which version of the agent this is: verdicts hold for one agent version, and health names it."""

from pathlib import Path
from typing import Final

PACKAGE_VERSION: Final = "0.1.0"
"""What a laptop's agent calls itself; a device's is called by its component's version."""


def agent_version(module: Path = Path(__file__)) -> str:
    """The component's version when run from a nucleus's unpacked artifact, else the package's.

    A nucleus unpacks to ``packages/artifacts-unarchived/<component>/<version>/<stem>/`` (greengrass-facts.md).
    """
    parts = module.resolve().parts
    if "artifacts-unarchived" in parts:
        place = parts.index("artifacts-unarchived")
        if len(parts) > place + 2:
            return parts[place + 2]
    return PACKAGE_VERSION


AGENT_VERSION: Final = agent_version()
