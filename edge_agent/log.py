"""Logs one line for each event on standard error, which a nucleus writes to the component's log file.

``logger.info("swapped", extra={"model": "digits"})`` ends ``… level=INFO logger=… msg=swapped model=digits``: logfmt.
"""

import logging
import sys

from logfmter import Logfmter


def log_to_stderr(level: int = logging.INFO) -> None:
    """Set up logging for the process. The command calls it once."""
    names = {"at": "asctime", "level": "levelname", "logger": "name"}
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(keys=list(names), mapping=names, ignored_keys=["exc_info"]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("awsiot").setLevel(logging.WARNING)


class _Lines(Logfmter):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        # Within the line, a traceback would be one very long value.
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line
