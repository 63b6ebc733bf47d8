"""The number of errors until a component is BROKEN. Each runtime counts in its own way. Pure.

Times are the device's, in seconds.
"""

from dataclasses import dataclass, field
from typing import Protocol

from greengrass_emulator.nucleus.lifecycle.states import State

ERRORS_TO_BREAK = 3
ERRORS_WITHIN = 3600.0


class Tolerance(Protocol):
    """Counts one component's errors."""

    def starts(self, state: State, now: float) -> None:
        """Note an attempt, in NEW (to install) or INSTALLED (to run)."""

    def fails(self, state: State, now: float) -> bool:
        """Note a failure in a state; return True if the component is now BROKEN."""

    def goes_on(self, state: State) -> None:
        """Note that it left a state without an error."""

    def forget(self) -> None:
        """Reset the count: the component was changed or restarted."""


@dataclass(slots=True)
class ByErrors:
    """Classic: three errors in one state, each less than an hour after the one before, with no success between.

    Lifecycle.java, internalReportState: the count restarts an hour after the last error, and when anything but an error
    is reported from that state.
    """

    _errors: dict[State, list[float]] = field(default_factory=dict)

    def starts(self, state: State, now: float) -> None:
        pass

    def fails(self, state: State, now: float) -> bool:
        errors = self._errors.setdefault(state, [])
        if errors and now - errors[-1] >= ERRORS_WITHIN:
            errors.clear()
        errors.append(now)
        return len(errors) >= ERRORS_TO_BREAK

    def goes_on(self, state: State) -> None:
        self._errors.pop(state, None)

    def forget(self) -> None:
        self._errors.clear()


@dataclass(slots=True)
class ByStarts:
    """Lite: systemd starts a unit three times within an hour of the first start, and then no more.

    recipe2unit/src/unit_file_generator.c (StartLimitBurst=3, StartLimitInterval=3600); systemd's ratelimit.c: the hour
    begins with the first start, whatever its result; the first start after it begins another hour.
    """

    _windows: dict[bool, tuple[float, int]] = field(default_factory=dict)

    def starts(self, state: State, now: float) -> None:
        began, number = self._window(state, now)
        self._windows[state is State.NEW] = (began, number + 1)

    def fails(self, state: State, now: float) -> bool:
        return self._window(state, now)[1] >= ERRORS_TO_BREAK

    def goes_on(self, state: State) -> None:
        pass

    def forget(self) -> None:
        self._windows.clear()

    def _window(self, state: State, now: float) -> tuple[float, int]:
        # Install has a unit of its own.
        began, number = self._windows.get(state is State.NEW, (now, 0))
        return (now, 0) if now - began > ERRORS_WITHIN else (began, number)
