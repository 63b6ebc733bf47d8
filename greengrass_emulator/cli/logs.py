"""A command's log: one line an event, its values behind it as logfmt. The nucleus's has its own form."""

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
    _log_to(logging.FileHandler(path, encoding="utf-8"), level)


def _log_to(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(Logfmter(keys=list(_NAMES), mapping=_NAMES))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # The broker's own steps, several lines for each packet, would hide what the log is read for.
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.WARNING)
