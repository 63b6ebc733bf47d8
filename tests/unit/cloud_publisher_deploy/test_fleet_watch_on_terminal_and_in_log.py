"""What a person sees while the fleet is waited for, on a terminal and in a log."""

import io

import pytest
from rich.console import Console
from rich.live import Live

from cloud_publisher.cli.fleet_watch import FleetWatch
from cloud_publisher.cli.output import Output
from cloud_publisher.fleet.devices import DeviceStanding, Standing


def device(thing: str, standing: Standing, *, seen: bool = True) -> DeviceStanding:
    return DeviceStanding(thing, standing, f"words of {thing}", seen, "aws_nucleus_lite")


@pytest.fixture(autouse=True)
def _a_terminal_that_can_move_its_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CI's TERM is "dumb", on which rich draws no live table."""
    monkeypatch.setenv("TERM", "xterm")


def test_a_log_gets_one_line_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    watch = FleetWatch(Output(as_json=False), None)
    for standing in (Standing.QUEUED, Standing.QUEUED, Standing.CONFIRMED, Standing.CONFIRMED):
        watch.devices([device("one", standing), device("two", Standing.QUEUED, seen=False)])
    assert capsys.readouterr().out.splitlines() == [
        "one: queued: words of one",
        "two: queued (away): words of two",
        "one: confirmed: words of one",
    ]


def test_a_log_that_would_be_silent_says_that_it_waits(capsys: pytest.CaptureFixture[str]) -> None:
    clock = [0.0]
    watch = FleetWatch(Output(as_json=False), None, clock=lambda: clock[0])
    fleet = [device("one", Standing.QUEUED), device("two", Standing.CONFIRMED), device("three", Standing.QUEUED)]
    watch.devices(fleet)
    capsys.readouterr()
    for clock[0] in (29.0, 30.0, 45.0, 61.0):
        watch.devices(fleet)
    assert capsys.readouterr().out.splitlines() == ["still waiting: 2 queued, 1 confirmed"] * 2
    clock[0] = 120.0
    watch.devices([])
    assert capsys.readouterr().out == "still waiting: no device has reported yet\n"


def test_with_json_a_log_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    FleetWatch(Output(as_json=True), None).devices([device("one", Standing.QUEUED)])
    out, err = capsys.readouterr()
    assert (out, err) == ("", "one: queued: words of one\n")


def test_a_terminal_has_a_table_that_changes_in_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, color_system=None)
    with Live(console=console, transient=True, auto_refresh=False) as live:
        watch = FleetWatch(Output(as_json=False), live)
        watch.devices([device("one", Standing.QUEUED)])
        watch.devices([device("one", Standing.CONFIRMED)])
    assert capsys.readouterr().out == ""
    shown = screen.getvalue()
    assert "lite" in shown
    assert shown.index("queued") < shown.index("confirmed")


def test_a_large_fleet_shows_the_worst_first_as_far_as_the_screen_goes_and_counts_the_rest() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120, height=10, color_system=None)
    fleet = [device(f"good-{number:03}", Standing.CONFIRMED) for number in range(500)]
    bad = DeviceStanding("bad", Standing.FAILED, "DISK_SPACE_CRITICAL", True, "aws_nucleus_lite", "free disk space")
    with Live(console=console, transient=True, auto_refresh=False) as live:
        FleetWatch(Output(as_json=False), live).devices([*fleet, bad])
    shown = screen.getvalue()
    assert shown.index("free disk space") < shown.index("good-000")
    assert "good-004" in shown
    assert "good-005" not in shown
    assert "1 failed, 500 confirmed" in shown


def test_a_log_says_what_to_do_about_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    bad = DeviceStanding("bad", Standing.FAILED, "no room", remedy="free disk space")
    FleetWatch(Output(as_json=False), None).devices([bad])
    assert capsys.readouterr().out == "bad: failed: no room (free disk space)\n"
