"""A program's own log: logfmt, one line an event with its values; a traceback follows below its line.

A component's output is not part of it: that goes unchanged to the component's log.
"""

import logging
import sys
from pathlib import Path

from logfmter import Logfmter

_NAMES = {"at": "asctime", "level": "levelname", "logger": "name"}


def log_to_stderr(level: int) -> None:
    """Make every logger of the process write to stderr."""
    _log_to(logging.StreamHandler(sys.stderr), level)


def log_to_file(path: Path, level: int) -> None:
    """Make every logger of the process write only to the file, whose folder is made. Lines are appended.

    Raises ``OSError`` if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A file's name may have bytes that are not text: the event must not be lost.
    _log_to(logging.FileHandler(path, encoding="utf-8", errors="backslashreplace"), level)


def _log_to(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(_Lines(keys=list(_NAMES), mapping=_NAMES, ignored_keys=["exc_info"]))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # The broker logs several lines for each packet, which would hide everything else.
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _Lines(Logfmter):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        # As one value of the line, each of its line ends would be a \n in one very long line.
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line
