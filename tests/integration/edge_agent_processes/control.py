"""Stands for control: has a worker try the attacks, and prints what came of them. ``control.py REQUEST``."""

import json
import os
import sys

from edge_agent.processes.stream import Bounds
from edge_agent.processes.template import Template


def main() -> None:
    request = {**json.loads(sys.argv[1]), "control": os.getpid()}
    template = Template(["attacks"])
    template.start()
    with template.fork("attacks") as worker:
        worker.ask(json.dumps(request).encode(), Bounds(0, 65_536))
        while (frames := worker.hear(20.0)) == []:
            continue
        found = {"code": worker.code(5.0), "words": worker.last_words()}
        if frames:
            found |= json.loads(frames[0].header)
    template.stop()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
