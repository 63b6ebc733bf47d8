"""How many errors, and within what time, make a component BROKEN in each runtime."""

import pytest
from greengrass_emulator.nucleus.lifecycle.states import State
from greengrass_emulator.nucleus.lifecycle.tolerance import ByErrors, ByStarts

HOUR = 3600.0


@pytest.mark.parametrize(
    ("times", "broken"),
    [
        ([0, 1, 2], [False, False, True]),
        # Each within an hour of the last, not all within one hour.
        ([0, HOUR - 1, 2 * HOUR - 2], [False, False, True]),
        ([0, 1, HOUR + 1, HOUR + 2, HOUR + 3], [False, False, False, False, True]),
        ([0, HOUR, 2 * HOUR, 3 * HOUR], [False] * 4),
    ],
)
def test_classic_breaks_at_three_errors_each_within_an_hour_of_the_last(times: list[float], broken: list[bool]) -> None:
    tolerance = ByErrors()
    assert [tolerance.fails(State.RUNNING, at) for at in times] == broken


def test_classic_counts_each_state_by_itself_and_anew_once_it_went_well() -> None:
    tolerance = ByErrors()
    states = [State.STARTING, State.RUNNING, State.STARTING, State.RUNNING]
    assert not any(tolerance.fails(state, 0) for state in states)
    tolerance.goes_on(State.STARTING)
    assert not tolerance.fails(State.STARTING, 0)
    assert tolerance.fails(State.RUNNING, 0)


def _lite(tolerance: ByStarts, *, starts_at: float, fails_at: float, state: State = State.INSTALLED) -> bool:
    tolerance.starts(state, starts_at)
    return tolerance.fails(state, fails_at)


@pytest.mark.parametrize(
    ("lives", "broken"),
    [
        ([(0, 1), (2, 3), (4, 5)], [False, False, True]),
        # The hour runs from the first start: what classic would break goes on here …
        ([(0, HOUR - 1), (HOUR - 1, HOUR), (HOUR, HOUR + 1)], [False, False, False]),
        # … and one that has lived for long may fail once more than three times.
        ([(0, 9000), (9001, 9002), (9003, 9004), (9005, 9006)], [False, False, False, True]),
    ],
)
def test_lite_breaks_at_three_starts_within_an_hour_of_the_first(
    lives: list[tuple[float, float]], broken: list[bool]
) -> None:
    tolerance = ByStarts()
    assert [_lite(tolerance, starts_at=start, fails_at=end) for start, end in lives] == broken


def test_lite_counts_the_starts_of_install_by_themselves() -> None:
    tolerance = ByStarts()
    for at in (0.0, 1.0):
        assert not _lite(tolerance, starts_at=at, fails_at=at, state=State.NEW)
        assert not _lite(tolerance, starts_at=at, fails_at=at)
    tolerance.forget()
    assert not _lite(tolerance, starts_at=2, fails_at=2)
