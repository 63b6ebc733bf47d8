"""Shows devices while they are waited for: a live table where a person watches, else a line for each change."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloud_publisher.cli.output import Output
from cloud_publisher.fleet.devices import DeviceStanding, Standing

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

_COLOURS = {Standing.CONFIRMED: "green", Standing.REJECTED: "red", Standing.FAILED: "red", Standing.HELD: "yellow"}


class FleetWatch:
    """Told of every look at the fleet. ``live`` is the table on a terminal; None in a log."""

    def __init__(self, output: Output, live: "Live | None") -> None:
        self._output = output
        self._live = live
        self._last: dict[str, Standing] = {}

    def say(self, text: str) -> None:
        """A step of the command; above the table where there is one."""
        if self._live is not None:
            self._live.console.print(text)
        else:
            self._output.say(text)

    def devices(self, standings: Sequence[DeviceStanding]) -> None:
        """The fleet now."""
        if self._live is not None:
            self._live.update(standings_table(standings), refresh=True)
            return
        for each in standings:
            if self._last.get(each.thing) is not each.standing:
                self._last[each.thing] = each.standing
                self._output.say(f"{each.thing}: {each.standing.value}{_away(each)}: {each.words}")


@contextmanager
def watching(output: Output) -> Iterator[FleetWatch]:
    """A watch, whose live table is taken away at the end: the command's result has the same."""
    import sys

    if not sys.stderr.isatty():
        yield FleetWatch(output, None)
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:
        yield FleetWatch(output, live)


def standings_table(standings: Sequence[DeviceStanding]) -> "Table":
    """Device, runtime, standing, and the reason."""
    from rich.table import Table
    from rich.text import Text

    table = Table("device", "runtime", "standing", "what it says", box=None, pad_edge=False, header_style="bold")
    for each in standings:
        standing = Text(each.standing.value + _away(each), style=_COLOURS.get(each.standing, ""))
        table.add_row(each.thing, runtime_name(each.runtime), standing, Text(each.words))
    return table


def runtime_name(runtime: str | None) -> str:
    """``classic`` or ``lite``; the API's own word is longer."""
    return (runtime or "unknown").removeprefix("aws_nucleus_")


def standing_rows(standings: Sequence[DeviceStanding]) -> list[tuple[str, str, str, str]]:
    """The rows of the same table, in plain text."""
    return [
        (each.thing, runtime_name(each.runtime), each.standing.value + _away(each), each.words) for each in standings
    ]


def _away(standing: DeviceStanding) -> str:
    return "" if standing.seen else " (away)"
