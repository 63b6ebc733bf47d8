"""Lite's daemons, each a process that can be restarted by itself, and what each forgets by that.

All of them are begun again by systemd (``Restart=always``), and each has its socket from systemd, so that who asks one
meanwhile waits and gets an answer. What it forgets it tells nobody: ggipcd keeps the streams of subscriptions whose
daemon is gone (ggipcd/src/ipc_subscriptions.c, subscription_on_close). A restart is a fault, told to a nucleus from
outside by a file that counts them.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, get_args

from pydantic import TypeAdapter, ValidationError

_log = logging.getLogger(__name__)

DaemonName = Literal["ggconfigd", "ggpubsubd", "iotcored", "ggipcd"]
DAEMONS: tuple[DaemonName, ...] = get_args(DaemonName)
DOWN_SECONDS = 1.0
"""How long a daemon is away (``RestartSec=1`` in their units)."""

Restarts = Mapping[DaemonName, int]
_RESTARTS: TypeAdapter[dict[DaemonName, int]] = TypeAdapter(dict[DaemonName, int])


def restarts_file(root: Path) -> Path:
    """Where the restarts of the device with this root folder are counted."""
    return root / "config" / "daemon-restarts.json"


def read_restarts(file: Path) -> dict[DaemonName, int]:
    """How often each daemon was to be restarted; nothing where the file is not there, or cannot be read."""
    try:
        return _RESTARTS.validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}


def written_restarts(restarts: Restarts) -> str:
    """What the file has for these."""
    return _RESTARTS.dump_json(dict(restarts)).decode()


class Daemons:
    """Restarts daemons as the file says. ``forgets`` is what each one does by that."""

    def __init__(self, file: Path, forgets: Mapping[DaemonName, Callable[[], None]]) -> None:
        self._file = file
        self._forgets = forgets
        self.restarts = read_restarts(file)
        """How often each was restarted. A nucleus that has just begun has forgotten all of it anyhow."""

    def look_again(self) -> None:
        """Restart those that are to be restarted once more than they were."""
        wanted = read_restarts(self._file)
        for name in DAEMONS:
            if wanted.get(name, 0) > self.restarts.get(name, 0) and name in self._forgets:
                _log.warning("a daemon is restarted", extra={"daemon": name})
                self._forgets[name]()
        self.restarts = wanted
