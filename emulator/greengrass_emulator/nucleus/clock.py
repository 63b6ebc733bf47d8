"""A device's own time: the machine's, plus the seconds by which it was turned forward. The nucleus uses no other.

Turning the clock lets so much time pass for the nucleus: the time of day moves, and all that waits is due earlier,
because it waits on the event loop ``DeviceLoop``. Setting the time of day alone would not do this on a real device: a
JVM's timers do not depend on it. Components, and what is written in logs, keep the machine's time.
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
    """The device's clock. It is read from a file, which outlives the process as a device's clock does."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.ahead = read_ahead(file)

    def now(self) -> float:
        """Return the time of day, in seconds since 1970."""
        return time.time() + self.ahead

    def passed(self) -> float:
        """Return monotonic seconds: for durations, not for times that are reported."""
        return time.monotonic() + self.ahead

    def of_component(self, seconds: float) -> float:
        """Convert a component's time, which is the machine's, to this clock. On a real device both are one."""
        return seconds + self.ahead

    def read_again(self) -> None:
        """Read the file again after the clock was turned. It never goes back."""
        self.ahead = max(self.ahead, read_ahead(self._file))
        _log.info("the device's clock was turned", extra={"ahead": self.ahead})


def clock_file(root: Path) -> Path:
    """Return the path of the clock file of the device with this root folder."""
    return root / "config" / "clock.json"


def read_ahead(file: Path) -> float:
    """Return the seconds by which a clock is ahead; 0 if it was never turned, or cannot be read."""
    try:
        return _Turned.model_validate_json(file.read_text(encoding="utf-8")).ahead
    except (FileNotFoundError, ValidationError):
        return 0.0


def written_ahead(seconds: float) -> str:
    """Return the file's text for a clock that is so many seconds ahead."""
    return _Turned(ahead=seconds).model_dump_json()


class DeviceLoop(asyncio.SelectorEventLoop):
    """An event loop that runs on a device's clock: when the clock is turned, what was due meanwhile is due at once."""

    def __init__(self, clock: DeviceClock) -> None:
        self._device_clock = clock
        super().__init__()

    def time(self) -> float:
        return self._device_clock.passed()
