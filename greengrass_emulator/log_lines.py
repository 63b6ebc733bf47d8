"""A program's own log: one line an event as logfmt, its values behind it; a traceback stands below its line.

Not what a component says: that goes to the component's log as it came.
"""

import logging
import sys
from pathlib import Path

from logfmter import Logfmter

_NAMES = {"at": "asctime", "level": "levelname", "logger": "name"}


def log_to_stderr(level: int) -> None:
    """Have every logger of the process write there."""
    _log_to(logging.StreamHandler(sys.stderr), level)


def log_to_file(path: Path, level: int) -> None:
    """Have every logger of the process write to the file, and nowhere else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A file's name may hold bytes that are no text: the event is not lost for it.
    _log_to(logging.FileHandler(path, encoding="utf-8", errors="backslashreplace"), level)


def _log_to(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(_Lines(keys=list(_NAMES), mapping=_NAMES, ignored_keys=["exc_info"]))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # The broker's own steps, several lines for each packet, would hide what the log is read for.
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _Lines(Logfmter):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        # As one value of the line, each of its line ends would be a \n in one very long line.
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line
