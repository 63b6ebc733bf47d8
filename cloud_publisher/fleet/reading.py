"""How a fleet's reports are read while it is waited for: by the fleet index where it pays, else each by itself.

The index lags behind the shadows. So only one thing is believed of it: that a device has confirmed just what is wanted,
which it cannot have done before it did. What it shows otherwise, or does not show, is asked of the shadow itself: at
once where few devices are left, else once the index has had its time, and at most ``ASKED`` in a look.
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
"""So many shadows are read at once, and no index is asked: that is as quick, and true to the second."""
ASKED = 100
"""The most shadows that one look reads because the index does not show their confirmation."""
LAG = 30.0
"""Seconds that the index is given to show what a device said after its deployment ended there."""
SECONDS_A_PAGE = 3.0
"""A search of many pages comes seldom: so much time passes for each of them."""
SOONEST, LATEST, GROWTH = 0.3, 60.0, 0.25
"""A search comes at most a quarter late, measured by the time since the first one."""


class Index(Protocol):
    """What reading needs of the fleet index."""

    def reports(self, target: Target, things: int, *, release: str | None = None) -> Mapping[str, ShadowReport] | None:
        """None where there is no index to ask."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A device whose deployment has ended well. ``since`` is when that was first seen, by a steady clock."""

    thing: str
    since: float


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a device. ``certain``: it is its shadow, or the index shows that it has confirmed."""

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
        """What the due devices say, of ``devices`` in all. One that is left for a later look is not certain.

        In a ``last`` look none is left. Raises ``CloudError``.
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
        """Those that the index shows otherwise, and those that it has had its time for; the longest unasked first."""
        late = [each for each in left if each.thing not in shown and at - each.since >= LAG]
        if late and not self._shows_any:
            self._index = None
            log.info("the fleet index does not show these devices: each shadow is read by itself")
        pressing = [*(each for each in left if each.thing in shown), *late]
        chosen = sorted(pressing, key=lambda each: self._asked.get(each.thing, -1.0))[:ASKED]
        self._asked |= {each.thing: at for each in chosen}
        return chosen
