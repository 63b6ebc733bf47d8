"""``cloud-publisher`` that is killed (-9) as soon as one of its calls has changed something, and the answer was read.

``python killed_after_a_change.py LOG WORDS…``; each change is one line of the log.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from botocore.client import BaseClient

from cloud_publisher.cli.main import main

_CHANGES = ("Create", "Delete", "Tag", "Put", "Update", "Cancel")


def run(log: Path) -> None:
    call = BaseClient._make_api_call

    def killing(self: Any, operation: str, request: Any) -> Any:
        answer = call(self, operation, request)
        if operation.startswith(_CHANGES):
            with log.open("a") as stream:
                stream.write(f"{operation}\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    BaseClient._make_api_call = killing
    main()


if __name__ == "__main__":
    log = Path(sys.argv.pop(1))
    run(log)
