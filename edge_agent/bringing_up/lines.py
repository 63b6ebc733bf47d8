"""The log of the bringing-up program: one line for each event on standard error, in the agent's format (``log.py``).

It does not use ``logging``, which takes longer to import than the rest of this program takes to run.
"""

import re
import sys
import time
from typing import Final

_PLAIN: Final = re.compile(r"[^\s=\"]*")


def tell(level: str, event: str, **values: object) -> None:
    """Write one line: ``at=… level=… logger=… msg=… key=value``."""
    now = time.time()
    at = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))},{int(now % 1 * 1000):03d}"
    pairs = {"at": at, "level": level, "logger": "edge_agent.bringing_up", "msg": event, **values}
    line = " ".join(f"{key}={_value(value)}" for key, value in pairs.items())
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _value(value: object) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    for character, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(character, written)
    return f'"{text}"'
