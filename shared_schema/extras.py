"""Says which extra of this distribution a command needs, where its environment lacks it. Standard library only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from shared_schema.diagnostics import ExitCode
from shared_schema.version import VERSION

_LOCKS = {
    "publisher": "tools/requirements.txt",
    "agent": "tools/agent.txt",
    "emulator": "tools/rehearsal.txt",
}
"""By extra, the lock of a repository of `cloud-publisher init` that has it."""
_OURS = ("cloud_publisher", "edge_agent", "infra_policies", "rehearsal", "shared_schema")


def how_to_install(extra: str) -> str:
    """Return what to do where an extra is missing. No index is asked for our name: anybody may register it there."""
    wheel = f"mlops_at_edge-{VERSION}-py3-none-any.whl"
    return (
        f"install it there, in a deploy repository from its locks: pip install --require-hashes -r {_LOCKS[extra]}; "
        f"elsewhere from our wheel: pip install './{wheel}[{extra}]'"
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
