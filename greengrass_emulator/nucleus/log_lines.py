"""The nucleus's own log, ``<root>/logs/greengrass.log``: one line an event, with its values behind it."""

import logging
from pathlib import Path

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class KeyValueFormatter(logging.Formatter):
    """``time LEVEL logger event key=value …``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        values = "".join(f" {key}={_shown(value)}" for key, value in vars(record).items() if key not in _STANDARD)
        return super().formatMessage(record) + values


def _shown(value: object) -> str:
    return repr(str(value) if isinstance(value, str) else value)


def log_to(file: Path) -> None:
    """Send the program's log to a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(KeyValueFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
