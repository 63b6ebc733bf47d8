"""Shows devices while they are waited for: on a terminal a live table, else a line for each change."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloud_publisher.cli.output import Output
from cloud_publisher.fleet.devices import DeviceStanding, Standing

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

SILENCE = 30.0
"""Seconds without a line in a log, after which it says that the command still waits."""
COLUMNS = ("device", "runtime", "standing", "what it says", "what to do")
_AROUND = 4
"""Lines of the screen that are not rows: the header, the caption, and one for the text above."""
_WORST_FIRST = (
    Standing.FAILED,
    Standing.REJECTED,
    Standing.HELD,
    Standing.UNCONFIRMED,
    Standing.IN_PROGRESS,
    Standing.QUEUED,
    Standing.CONFIRMED,
)
_COLOURS = {Standing.CONFIRMED: "green", Standing.REJECTED: "red", Standing.FAILED: "red", Standing.HELD: "yellow"}


class FleetWatch:
    """Shows every look at the fleet. ``live`` is the table on a terminal; None in a log.

    In a log, where nothing has changed for half a minute, it says how many devices are waited for: a pipeline ends a
    job that is silent for long. ``clock`` gives seconds.
    """

    def __init__(self, output: Output, live: "Live | None", clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._live = live
        self._clock = clock
        self._last: dict[str, Standing] = {}
        self._spoke = clock()

    def say(self, text: str) -> None:
        """Show a step of the command; above the table if there is one."""
        if self._live is not None:
            self._live.console.print(text)
        else:
            self._spoke = self._clock()
            self._output.say(text)

    def devices(self, standings: Sequence[DeviceStanding]) -> None:
        """Show the fleet as it is now."""
        if self._live is not None:
            # Only what fits on the screen: a live table cannot be scrolled.
            rows = max(self._live.console.height - _AROUND, 1)
            self._live.update(standings_table(standings, rows), refresh=True)
            return
        for each in standings:
            if self._last.get(each.thing) is not each.standing:
                self._last[each.thing] = each.standing
                self.say(f"{each.thing}: {each.standing.value}{_away(each)}: {each.words}{_then(each)}")
        if self._clock() - self._spoke >= SILENCE:
            self.say(f"still waiting: {_counts(standings) or 'no device has reported yet'}")


@contextmanager
def watching(output: Output) -> Iterator[FleetWatch]:
    """Return a watch. Its live table is removed at the end: the command's result shows the same."""
    import sys

    if not sys.stderr.isatty():
        yield FleetWatch(output, None)
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:
        yield FleetWatch(output, live)


def standings_table(standings: Sequence[DeviceStanding], rows: int) -> "Table":
    """Return the table of the devices, the worst first, with the number of devices in each standing below it."""
    from rich.table import Table
    from rich.text import Text

    caption = _counts(standings)
    table = Table(*COLUMNS, box=None, pad_edge=False, header_style="bold", caption=caption, caption_justify="left")
    for each in sorted(standings, key=lambda device: (_WORST_FIRST.index(device.standing), device.thing))[:rows]:
        standing = Text(each.standing.value + _away(each), style=_COLOURS.get(each.standing, ""))
        table.add_row(
            each.thing, runtime_name(each.runtime), standing, Text(each.words), Text(each.remedy or "", style="yellow")
        )
    return table


def runtime_name(runtime: str | None) -> str:
    """Return ``classic`` or ``lite`` for the API's own, longer word."""
    return (runtime or "unknown").removeprefix("aws_nucleus_")


def standing_rows(standings: Sequence[DeviceStanding]) -> list[tuple[str, ...]]:
    """Return the rows of the same table as plain text."""
    return [
        (
            each.thing,
            runtime_name(each.runtime),
            each.standing.value + _away(each),
            each.words,
            each.remedy or "",
        )
        for each in standings
    ]


def _counts(standings: Sequence[DeviceStanding]) -> str:
    counts = Counter(each.standing for each in standings)
    return ", ".join(f"{counts[standing]} {standing.value}" for standing in _WORST_FIRST if counts[standing])


def _away(standing: DeviceStanding) -> str:
    return "" if standing.seen else " (away)"


def _then(standing: DeviceStanding) -> str:
    return f" ({standing.remedy})" if standing.remedy else ""
