"""Lite's daemons, each a process that can be restarted by itself, and what each forgets by that; and the whole device.

All of them are begun again by systemd (``Restart=always``), and each has its socket from systemd, so that who asks one
meanwhile waits and gets an answer. What it forgets it tells nobody: ggipcd keeps the streams of subscriptions whose
daemon is gone (ggipcd/src/ipc_subscriptions.c, subscription_on_close). A restart is a fault, told to a nucleus from
outside by a file that counts them.
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
"""How long a daemon is away (``RestartSec=1`` in their units)."""

Restarts = Mapping[Restarted, int]
_RESTARTS: TypeAdapter[dict[Restarted, int]] = TypeAdapter(dict[Restarted, int])


def restarts_file(root: Path) -> Path:
    """Where the restarts of the device with this root folder are counted."""
    return root / "config" / "daemon-restarts.json"


def read_restarts(file: Path) -> dict[Restarted, int]:
    """How often each was to be restarted; nothing where the file is not there, or cannot be read."""
    try:
        return _RESTARTS.validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}


def written_restarts(restarts: Restarts) -> str:
    """What the file has for these."""
    return _RESTARTS.dump_json(dict(restarts)).decode()


class Daemons:
    """Restarts them as the file says. ``restart`` has what each one's restart is."""

    def __init__(self, file: Path, restart: Mapping[Restarted, Callable[[], None]]) -> None:
        self._file = file
        self._restart = restart
        self.restarts = read_restarts(file)
        """How often each was restarted. A nucleus that has just begun has forgotten all of it anyhow."""

    def look_again(self) -> None:
        """Restart those that are to be restarted once more than they were."""
        wanted = read_restarts(self._file)
        for name, restart in self._restart.items():
            if wanted.get(name, 0) > self.restarts.get(name, 0):
                _log.warning("a part of the device is restarted", extra={"part": name})
                restart()
        self.restarts = wanted
