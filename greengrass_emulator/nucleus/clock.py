"""A device's own time: the machine's, and what somebody has turned it forward. The nucleus asks nobody else.

To turn it is to let so much time pass for the nucleus: the time of day moves, and with it whatever waits, for
``DeviceLoop`` is the event loop that all of it waits on. A device whose time of day alone is set would still wait: a
JVM's timers do not look at it. Components, and what is written in logs, keep the machine's time.
"""

import asyncio
import logging
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_log = logging.getLogger(__name__)


class _Turned(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ahead: float = Field(default=0.0, ge=0)


class DeviceClock:
    """Reads how far it is ahead from a file, which outlives the process as a device's clock does."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.ahead = read_ahead(file)

    def now(self) -> float:
        """The time of day, in seconds since 1970."""
        return time.time() + self.ahead

    def passed(self) -> float:
        """Seconds that have passed since some moment: for what lasts, not for what is told to anybody."""
        return time.monotonic() + self.ahead

    def of_component(self, said: float) -> float:
        """What a component says of time, by this clock: it has the machine's, on a device both have one."""
        return said + self.ahead

    def read_again(self) -> None:
        """It was turned. Never back: what is done is not undone."""
        self.ahead = max(self.ahead, read_ahead(self._file))
        _log.info("the device's clock was turned", extra={"ahead": self.ahead})


def clock_file(root: Path) -> Path:
    """Where the clock of the device with this root folder stands."""
    return root / "config" / "clock.json"


def read_ahead(file: Path) -> float:
    """Seconds that a clock is ahead; 0 for one that was never turned, or cannot be read."""
    try:
        return _Turned.model_validate_json(file.read_text(encoding="utf-8")).ahead
    except (FileNotFoundError, ValidationError):
        return 0.0


def written_ahead(seconds: float) -> str:
    """What the file has for a clock that is so many seconds ahead."""
    return _Turned(ahead=seconds).model_dump_json()


class DeviceLoop(asyncio.SelectorEventLoop):
    """An event loop that goes by a device's clock: what is due at a time that has been turned past, is due at once."""

    def __init__(self, clock: DeviceClock) -> None:
        self._device_clock = clock
        super().__init__()

    def time(self) -> float:
        return self._device_clock.passed()
