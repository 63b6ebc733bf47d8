"""Which component a process belongs to. On a lite device systemd's cgroups say it; here there are none.

A process is of a component's unit if it, or what it descends from, is a step of that component, or if its environment
has a token that the nucleus gave to that component: a child keeps it, whoever its user is, and an orphan too. Not known
is an orphan that has cleared its environment.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

_MOST_ANCESTORS = 100
_TOKEN = re.compile(rb"(?:^|\0)SVCUID=([^\0]*)")


def component_of_process(
    pid: int, steps: Mapping[int, str], given: Callable[[str], str | None], proc: Path = Path("/proc")
) -> str | None:
    """The component of a process, or None. ``steps`` has the components of the steps' processes that are alive.

    ``given``: the component that a token was ever given to.
    """
    for _ in range(_MOST_ANCESTORS):
        if pid in steps:
            return steps[pid]
        try:
            found = _TOKEN.search((proc / str(pid) / "environ").read_bytes())
            # The name, in parentheses, may hold anything; after it come the state and the parent.
            parent = int((proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return None
        if found is not None and (component := given(found[1].decode(errors="replace"))) is not None:
            return component
        if parent <= 1:
            return None
        pid = parent
    return None
