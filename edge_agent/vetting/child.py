"""The vetting child: ``python -m edge_agent.vetting.child FD PARENT REQUEST``. Started by `parent.py` only.

It has a clean environment and its own process group. It limits itself, vets, and reports to its parent on the pipe FD.
"""

import contextlib
import ctypes
import gc
import json
import os
import resource
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
LARGEST_FILE: Final = 1 << 20
"""Bytes that a vetting child may write to a file: enough for a log."""
LARGEST_OUTPUT: Final = 1 << 30
"""Bytes of an expected output that `check --update-golden` may write."""


def main() -> None:
    pipe, parent = int(sys.argv[1]), int(sys.argv[2])
    writes = json.loads(sys.argv[3]).get("update_golden", False)
    be_a_modest_child(parent, LARGEST_OUTPUT if writes else LARGEST_FILE)
    # Import numpy and onnxruntime only now: at low priority, and without collections, as there is no garbage yet.
    gc.disable()
    from edge_agent.vetting.protocol import Report, Request  # noqa: PLC0415
    from edge_agent.vetting.steps import vet  # noqa: PLC0415

    gc.freeze()
    gc.enable()

    def tell(report: Report) -> None:
        os.write(pipe, report.line())

    tell(Report(kind="outcome", outcome=vet(Request.model_validate_json(sys.argv[3]), tell)))
    # Destroying a session on a broken graph may crash. The verdict is already sent.
    os._exit(0)


def be_a_modest_child(parent: int, largest_file: int) -> None:
    """Take a low priority, write no core dump and no file beyond ``largest_file`` bytes, and die with the parent.

    ``parent`` is its process id.
    """
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the call above.
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    main()
