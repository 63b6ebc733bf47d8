"""Lite's daemons: each is a process that can restart by itself, and then forgets something.

systemd restarts all of them (``Restart=always``) and holds their sockets, so that a caller waits meanwhile and gets an
answer. Nobody is told what a daemon has forgotten: ggipcd keeps the streams of subscriptions whose daemon is gone
(ggipcd/src/ipc_subscriptions.c, subscription_on_close). A restart is a fault, ordered by a file that counts the
restarts.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

_log = logging.getLogger(__name__)

DaemonName = Literal["ggconfigd", "ggpubsubd", "iotcored", "ggipcd"]
Restarted = Literal[DaemonName, "device"]
DOWN_SECONDS = 1.0
"""Seconds that a daemon is away (``RestartSec=1`` in its unit)."""

Restarts = Mapping[Restarted, int]
_RESTARTS: TypeAdapter[dict[Restarted, int]] = TypeAdapter(dict[Restarted, int])


def restarts_file(root: Path) -> Path:
    """Return the path of the file that counts the restarts of the device with this root folder."""
    return root / "config" / "daemon-restarts.json"


def read_restarts(file: Path) -> dict[Restarted, int]:
    """Return how often each daemon was to be restarted; empty if the file is missing or cannot be read."""
    try:
        return _RESTARTS.validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}


def written_restarts(restarts: Restarts) -> str:
    """Return the file's text for these counts."""
    return _RESTARTS.dump_json(dict(restarts)).decode()


class Daemons:
    """Restarts the daemons as the file says. ``restart`` has the function that restarts each."""

    def __init__(self, file: Path, restart: Mapping[Restarted, Callable[[], None]]) -> None:
        self._file = file
        self._restart = restart
        self.restarts = read_restarts(file)
        """How often each was restarted. A nucleus that has just started has nothing to forget."""

    def look_again(self) -> None:
        """Read the file, and restart each daemon whose count has grown."""
        wanted = read_restarts(self._file)
        for name, restart in self._restart.items():
            if wanted.get(name, 0) > self.restarts.get(name, 0):
                _log.warning("a part of the device is restarted", extra={"part": name})
                restart()
        self.restarts = wanted
