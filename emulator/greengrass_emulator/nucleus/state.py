"""What a nucleus remembers over a restart: configurations, versions, and the deployment of each target.

One JSON file, replaced atomically and synced, so that a crash of the process or the machine leaves the old file or the
new one.
"""

import asyncio
import fcntl
import json
import logging
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from greengrass_emulator.durable import write_whole
from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.errors import NucleusRunsAlready

_log = logging.getLogger(__name__)
_PAUSE = 0.1

TargetKind = Literal["LOCAL", "THING_GROUP", "THING"]


class TargetDeployment(BaseModel):
    """The latest deployment of one target: its root components and their versions."""

    model_config = ConfigDict(extra="ignore")

    kind: TargetKind
    deployment_id: str
    configuration_arn: str = ""
    roots: dict[str, str] = Field(default_factory=dict)


class Unit(BaseModel):
    """A lite component's units: the run unit's version, and whether it is linked and enabled.

    ``install`` and ``bootstrap`` are the versions of those units; empty if there is none.
    """

    model_config = ConfigDict(extra="ignore")

    version: str
    is_linked: bool = False
    install: str = ""
    bootstrap: str = ""


class UnfinishedDeployment(BaseModel):
    """A deployment under way. ``deployment`` is its text, ``before`` has the configurations from before its merge.

    ``times`` are those of the values in ``before``. ``bootstrapped``: on lite, the components whose bootstrap has run.
    """

    model_config = ConfigDict(extra="ignore")

    deployment: str = ""
    before: dict[str, JsonObject] | None = None
    times: dict[str, dict[str, float]] = Field(default_factory=dict)
    bootstrapped: list[str] = Field(default_factory=list)


class NucleusState(BaseModel):
    """The whole state. ``versions`` are those that run; ``previous`` ran before, and is kept on classic for a rollback.

    ``times``: when each leaf of a configuration was written, by component and JSON pointer (classic: config.tlog).
    ``users``: the users that deployments named for components. ``units``: those of lite's components.
    """

    model_config = ConfigDict(extra="ignore")

    configuration: dict[str, JsonObject] = Field(default_factory=dict)
    times: dict[str, dict[str, float]] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    previous: dict[str, str] = Field(default_factory=dict)
    users: dict[str, str] = Field(default_factory=dict)
    units: dict[str, Unit] = Field(default_factory=dict)
    targets: dict[str, TargetDeployment] = Field(default_factory=dict)
    sequence: int = 0
    unfinished: UnfinishedDeployment | None = None


class StateFile:
    """Saves a state to a file. ``changed()`` is cheap: changes at the same time are written once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._timer: asyncio.TimerHandle | None = None
        self.state = self._read()

    def changed(self) -> None:
        """Write soon."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PAUSE, self.write)

    def write(self) -> None:
        """Write now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        write_whole(self._path, self.state.model_dump_json(indent=1), durably=True)

    def _read(self) -> NucleusState:
        try:
            return NucleusState.model_validate(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return NucleusState()
        except (ValueError, ValidationError):
            _log.exception("the nucleus's state cannot be read: it starts without one", extra={"file": str(self._path)})
            return NucleusState()


class RootLock:
    """The lock of a root folder, which has one nucleus at a time. Held for a ``with`` block.

    Entering raises NucleusRunsAlready if another process holds it. The end of the process releases it.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / "nucleus.lock"

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise NucleusRunsAlready(
                f"{self._path.parent}: another nucleus serves this folder", "end it first, or give another folder"
            ) from error

    def __exit__(self, *_: object) -> None:
        self._file.close()
