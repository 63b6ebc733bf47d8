"""The memory of a swap, in bytes: of the agent, of the template and the worker beside it, and of one more session."""

import contextlib
import resource
from pathlib import Path


class SwapMemory:
    """The highest that was seen, in bytes: of this process, of a worker, and of both at one moment.

    What a worker shares with the template that it was forked from counts in neither.
    """

    def __init__(self) -> None:
        self.own = self.child = self.both = 0

    def look(self) -> None:
        """By few and small files: who is looked at runs beside it."""
        own, children = _resident("self"), 0
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError, IndexError):
                for child in (thread / "children").read_text().split():
                    if Path("/proc", child, "comm").read_text().strip() == "edge-worker":
                        children += _anonymous(child)
        self.own, self.child = max(self.own, own), max(self.child, children)
        self.both = max(self.both, own + children)


def _resident(process: str) -> int:
    return int(Path("/proc", process, "statm").read_text().split()[1]) * resource.getpagesize()


def _anonymous(process: str) -> int:
    lines = Path("/proc", process, "status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def session_bytes(folder: Path) -> int:
    """Bytes that one more opened and warm model takes; it is closed again."""
    from edge_agent.inference.loaded_model import open_model  # noqa: PLC0415 - the parent runs no model
    from edge_agent.serving.budget import resident  # noqa: PLC0415
    from edge_agent.serving.loader import give_memory_back  # noqa: PLC0415

    give_memory_back()
    before = resident()
    model = open_model(folder)
    model.warm_up()
    took = resident() - before
    model.close()
    give_memory_back()
    return took
