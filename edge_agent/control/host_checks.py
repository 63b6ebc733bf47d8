"""Checks the device: a full disk, a work folder that cannot be written, a clock that was turned back.

It writes nothing: flash wears out.
"""

import math
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_LITTLE: Final = 1 << 20
"""Bytes. With less free space the agent cannot keep verdicts and models."""
_JITTER: Final = 5.0
"""Seconds by which a time service may turn the clock back without a report."""


_REMEMBERED: Final = 3600.0
"""Seconds for which a clock that was turned back is reported. It may have been corrected."""


class HostChecks:
    """``wall`` and ``steady`` are clocks in seconds. The agent's own timers use the steady one."""

    def __init__(
        self, work: Path, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._work = work
        self._wall = wall
        self._steady = steady
        self._latest = wall()
        self._forgiven_at = math.inf
        self._turned: str | None = None
        self.troubles: tuple[str, ...] = ()
        """In words, what was wrong at the last look."""

    def look(self) -> None:
        """Look at disk and clock."""
        self.troubles = tuple(words for words in (self._folder(), self._clock()) if words is not None)

    def _folder(self) -> str | None:
        state = self._work / "state"
        try:
            state.mkdir(parents=True, exist_ok=True)
            writable = os.access(state, os.W_OK | os.X_OK)
            free = shutil.disk_usage(state).free
        except OSError as error:
            return (
                f"{state} cannot be written ({error.strerror}): holds and verdicts are lost with a restart; "
                "let the agent's user write it"
            )
        if not writable:
            return f"{state} cannot be written: holds and verdicts are lost with a restart; let the agent write it"
        if free < _LITTLE:
            return f"the disk of {self._work} is full: nothing more can be kept; free some of it"
        return None

    def _clock(self) -> str | None:
        wall, now = self._wall(), self._steady()
        behind = self._latest - wall
        if behind <= _JITTER or now >= self._forgiven_at:
            self._latest, self._forgiven_at, self._turned = max(self._latest, wall), math.inf, None
            if behind > _JITTER:
                self._latest = wall
            return None
        if self._turned is None:
            # The words stay the same while it lasts: each change of them is reported to the cloud.
            self._forgiven_at = now + _REMEMBERED
            self._turned = f"the clock was turned back by {behind:.0f} s: set it right, or wait it out"
        return self._turned
