"""Says which extra of this distribution a command needs, where its environment lacks it. Standard library only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from shared_schema.diagnostics import ExitCode
from shared_schema.version import VERSION

_EMULATOR = "emulator"
_LOCKS = {"publisher": "requirements.txt", "agent": "agent.txt"}
"""In ``tools/`` of a deploy repository, as ``cloud-publisher init`` writes them."""
_OURS = ("cloud_publisher", "edge_agent", "infra_policies", "rehearsal", "shared_schema")


def how_to_install(extras: str) -> str:
    """Say how to install extras, separated by commas: no index is asked for our names, which anybody may register."""
    emulator = f"./greengrass_emulator-{VERSION}-py3-none-any.whl " if _EMULATOR in extras.split(",") else ""
    return (
        f"install it there: pip install {emulator}'./mlops_at_edge-{VERSION}-py3-none-any.whl[{extras}]', "
        f"or in a deploy repository: pip install --require-hashes -r tools/{_LOCKS.get(extras, 'rehearsal.txt')}"
    )


@contextmanager
def needs_extra(command: str, extra: str) -> Iterator[None]:
    """End the command with a message and exit code 2 if a package of the extra is not installed.

    An import error of our own modules is a fault of ours, and is raised as it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in _OURS:
            raise
        sys.stderr.write(
            f"error: {command} needs {error.name}, which is not installed in {sys.prefix}\n"
            f"    {how_to_install(extra)}\n"
        )
        sys.exit(ExitCode.INVALID)
