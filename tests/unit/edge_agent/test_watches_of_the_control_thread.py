"""Each watch of the control thread keeps its own pace, whatever the health interval is."""

from collections import defaultdict
from functools import partial

import pytest

from edge_agent.control.timing import Timers
from edge_agent.control.watches import Watches, paces
from shared_schema.settings import AgentSettings


def settings_with(**parts: dict[str, float]) -> AgentSettings:
    return AgentSettings.model_validate(parts)


def looks_in(seconds: float, settings: AgentSettings) -> dict[str, list[float]]:
    """Run timers and watches on a clock of their own, as the agent's loop does. Return when each watch looked."""
    now, looked = 1000.0, defaultdict[str, list[float]](list)
    timers = Timers()

    def look(name: str) -> None:
        looked[name].append(now - 1000.0)

    watches = Watches(timers, lambda: settings, {name: partial(look, name) for name in paces(settings)})
    timers.set("health", now + settings.health.interval)
    watches.begin(now)
    while now < 1000.0 + seconds:
        now += timers.wait(now, 5.0)
        for name in timers.due(now):
            if not watches.due(name, now):
                timers.set(name, now + settings.health.interval)
    return looked


@pytest.mark.parametrize("interval", [1, 60, 86_400])
def test_each_watch_looks_at_once_and_then_at_its_own_pace(interval: float) -> None:
    settings = settings_with(health={"interval": interval}, watchdog={"limit": 8})
    for name, looked in looks_in(30, settings).items():
        pace = paces(settings)[name]
        assert looked == [pace * index for index in range(len(looked))], name
        assert len(looked) == 30 / pace + 1, name


@pytest.mark.parametrize(("limit", "pace"), [(1, 0.25), (8, 2), (60, 5), (3600, 5)])
def test_a_frame_that_hangs_is_noticed_soon_after_its_limit(limit: float, pace: float) -> None:
    assert paces(settings_with(watchdog={"limit": limit}))["frames"] == pace


def test_a_wait_ends_with_the_next_timer_and_never_lasts_longer_than_asked() -> None:
    timers = Timers()
    assert timers.wait(100.0, 5.0) == 5.0
    timers.set("health", 160.0)
    assert timers.wait(100.0, 5.0) == 5.0
    timers.set("read", 102.0)
    assert timers.wait(100.0, 5.0) == 2.0
    assert timers.wait(103.0, 5.0) == 0.0
