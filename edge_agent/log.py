"""One line an event on standard error, which a nucleus writes to the component's log file.

``logger.info("swapped", extra={"model": "digits"})`` is written as ``… INFO swapped model=digits``.
"""

import json
import logging
import sys
from typing import Final

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class KeyValueFormatter(logging.Formatter):
    """The message, then every ``extra`` as ``key=value``; text with spaces is quoted as JSON."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        extras = {key: value for key, value in vars(record).items() if key not in _OWN}
        # The traceback stays last, so that the event's own line holds its values.
        trace, record.exc_info, record.exc_text = record.exc_info, None, None
        line = super().format(record)
        record.exc_info = trace
        pairs = "".join(f" {key}={_shown(value)}" for key, value in extras.items())
        return line + pairs + (f"\n{self.formatException(trace)}" if trace and trace[0] else "")


def log_to_stderr(level: int = logging.INFO) -> None:
    """Set logging up for the process; called once, by the command."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("awsiot").setLevel(logging.WARNING)


def _shown(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or any(c in ' "=\n' for c in text) else text
