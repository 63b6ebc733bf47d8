"""``<root>/nucleus.json``: what runs on the device, for people, tests and the rehearsal. Replaced atomically."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from greengrass_emulator.durable import write_whole

_PAUSE = 0.05


class ComponentStatus(BaseModel):
    """One component. ``pid`` is that of its run or startup process, while it lives."""

    model_config = ConfigDict(extra="ignore")

    version: str
    state: str
    pid: int | None = None
    detail: str = ""


class DeploymentStatus(BaseModel):
    """One deployment, the newest last."""

    model_config = ConfigDict(extra="ignore")

    id: str
    target: str
    status: str
    detailed: str = ""
    cause: str = ""
    job_id: str = ""


class NucleusStatus(BaseModel):
    """The whole status.

    ``clock_ahead``: seconds by which the device's clock was turned forward. ``ipc_cut``: components without IPC.
    ``daemon_restarts``: how often each of lite's daemons was restarted by itself. ``boot``: a new id at each start.
    """

    model_config = ConfigDict(extra="ignore")

    pid: int
    runtime: str
    thing: str
    socket: str
    connected: bool = False
    clock_ahead: float = 0.0
    ipc_cut: frozenset[str] = frozenset()
    daemon_restarts: dict[str, int] = Field(default_factory=dict)
    boot: str = ""
    components: dict[str, ComponentStatus] = Field(default_factory=dict)
    deployments: list[DeploymentStatus] = Field(default_factory=list)


class StatusFile:
    """Writes what ``look`` returns, soon after each change."""

    def __init__(self, path: Path, look: Callable[[], NucleusStatus]) -> None:
        self._path = path
        self._look = look
        self._timer: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PAUSE, self.write)

    def write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        write_whole(self._path, self._look().model_dump_json(indent=1))

    def remove(self) -> None:
        """Delete the file: the nucleus ends."""
        if self._timer is not None:
            self._timer.cancel()
        self._path.unlink(missing_ok=True)


def read_status(root: Path) -> NucleusStatus | None:
    """Return the status of the nucleus that serves a root folder, or None if none does."""
    try:
        return NucleusStatus.model_validate_json((root / "nucleus.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
