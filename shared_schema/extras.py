"""Says which extra of this distribution a command needs, where its environment lacks it. Standard library only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from shared_schema.diagnostics import ExitCode
from shared_schema.version import VERSION

_OURS = ("cloud_publisher", "edge_agent", "infra_policies", "rehearsal", "shared_schema")


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
            f"    install it there: pip install 'mlops-at-edge[{extra}]=={VERSION}'\n"
        )
        sys.exit(ExitCode.INVALID)
