"""Reads the reports of a fleet that is waited for: by the fleet index if that saves calls, else shadow by shadow.

The index lags behind the shadows. So it is trusted in one thing only: that a device has confirmed exactly what is
wanted. If it shows anything else, or nothing, the shadow itself is read: at once if few devices are left, else after
the index has had time to catch up, and at most ``ASKED`` shadows in a look.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cloud_publisher.fleet.index import pages_of
from cloud_publisher.fleet.targets import Target
from shared_schema.shadow import ShadowReport

log = logging.getLogger(__name__)
FEW = 10
"""Up to so many shadows are read directly, without the index: that is as quick, and up to date."""
ASKED = 100
"""At most so many shadows are read in one look because the index does not show their confirmation."""
LAG = 30.0
"""Seconds that the index gets to show what a device reports after its deployment ended there."""
SECONDS_A_PAGE = 3.0
"""Seconds between two searches, for each page of a search: a search of many pages is made less often."""
SOONEST, LATEST, GROWTH = 0.3, 60.0, 0.25
"""The next search comes after at least this share of the time since the first one."""


class Index(Protocol):
    """The call about the fleet index that ``Reports`` makes."""

    def reports(self, target: Target, things: int, *, release: str | None = None) -> Mapping[str, ShadowReport] | None:
        """Return reports by thing; None if there is no index to ask."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A device whose deployment succeeded. ``since`` is when that was first seen, by a monotonic clock."""

    thing: str
    since: float


@dataclass(frozen=True, slots=True)
class Read:
    """A device's report. ``certain``: it was read from its shadow, or the index shows that the device has confirmed."""

    report: ShadowReport | None = None
    certain: bool = False


class Reports:
    """The reports of one target, for one deployment. ``confirms`` says whether a report is what is wanted."""

    def __init__(
        self,
        shadow: Callable[[str], ShadowReport | None],
        index: Index | None,
        target: Target,
        release: str,
        confirms: Callable[[ShadowReport], bool],
    ) -> None:
        self._shadow = shadow
        self._index = index
        self._target = target
        self._release = release
        self._confirms = confirms
        self._began: float | None = None
        self._next = 0.0
        self._shows_any = False
        self._asked: dict[str, float] = {}

    def of(self, due: Sequence[Ended], devices: int, at: float, *, last: bool = False) -> dict[str, Read]:
        """Return the reports of the due devices, of ``devices`` in all. One left for a later look is not certain.

        A ``last`` look leaves none. Raises ``CloudError``.
        """
        if len(due) <= FEW or self._index is None:
            return self._each(due)
        if at < self._next and not last:
            return {each.thing: Read() for each in due}
        shown = self._index.reports(self._target, len(due), release=self._release)
        if shown is None:
            self._index = None
            return self._each(due)
        self._set_pace(at, devices)
        self._shows_any = self._shows_any or bool(shown)
        confirmed = {
            each.thing: Read(shown[each.thing], certain=True)
            for each in due
            if each.thing in shown and self._confirms(shown[each.thing])
        }
        left = [each for each in due if each.thing not in confirmed]
        asked = left if last or len(left) <= FEW else self._pressing(left, shown, at)
        return {each.thing: Read() for each in left} | confirmed | self._each(asked)

    def _each(self, due: Sequence[Ended]) -> dict[str, Read]:
        return {each.thing: Read(self._shadow(each.thing), certain=True) for each in due}

    def _set_pace(self, at: float, devices: int) -> None:
        self._began = at if self._began is None else self._began
        grown = max((at - self._began) * GROWTH, SOONEST)
        self._next = at + min(pages_of(devices) * SECONDS_A_PAGE, grown, LATEST)

    def _pressing(self, left: Sequence[Ended], shown: Mapping[str, ShadowReport], at: float) -> list[Ended]:
        """Return the devices whose shadow must be read: the index disagrees, or had its time. Longest unread first."""
        late = [each for each in left if each.thing not in shown and at - each.since >= LAG]
        if late and not self._shows_any:
            self._index = None
            log.info("the fleet index does not show these devices: each shadow is read by itself")
        pressing = [*(each for each in left if each.thing in shown), *late]
        chosen = sorted(pressing, key=lambda each: self._asked.get(each.thing, -1.0))[:ASKED]
        self._asked |= {each.thing: at for each in chosen}
        return chosen
