"""The vetting child: ``python -m edge_agent.vetting.child FD PARENT REQUEST``. Started by `parent.py` only.

It has a clean environment and its own process group. It limits itself, vets, and reports to its parent on the pipe FD.
"""

import gc
import json
import os
import sys

from edge_agent.vetting.limits import LARGEST_FILE, LARGEST_OUTPUT, be_a_modest_child


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


if __name__ == "__main__":
    main()
