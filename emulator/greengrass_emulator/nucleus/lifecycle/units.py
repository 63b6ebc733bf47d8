"""The component of a process. A lite device reads it from systemd's cgroups, which do not exist here.

A process belongs to a component's unit if it, or an ancestor, is a step of that component, or if its environment has a
token that the nucleus gave to that component: children of any user keep it, and orphans too. An orphan that has cleared
its environment is not found.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

_MOST_ANCESTORS = 100
_TOKEN = re.compile(rb"(?:^|\0)SVCUID=([^\0]*)")


def component_of_process(
    pid: int, steps: Mapping[int, str], given: Callable[[str], str | None], proc: Path = Path("/proc")
) -> str | None:
    """Return the component of a process, or None. ``steps`` has the component of each step's living process.

    ``given`` returns the component to which a token was ever given.
    """
    for _ in range(_MOST_ANCESTORS):
        if pid in steps:
            return steps[pid]
        try:
            found = _TOKEN.search((proc / str(pid) / "environ").read_bytes())
            # The name, in parentheses, may have any character; the state and the parent follow it.
            parent = int((proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return None
        if found is not None and (component := given(found[1].decode(errors="replace"))) is not None:
            return component
        if parent <= 1:
            return None
        pid = parent
    return None
