"""The one back-off of the agent."""

import pytest

from edge_agent.backoff import Backoff


def test_pauses_double_up_to_the_longest_and_begin_again_after_a_success() -> None:
    backoff = Backoff(0.5, 5.0)
    assert [backoff.pause() for _ in range(6)] == pytest.approx([0.5, 1.0, 2.0, 4.0, 5.0, 5.0])
    backoff.reset()
    assert backoff.pause() == pytest.approx(0.5)


def test_an_agent_that_is_away_for_weeks_still_tries() -> None:
    backoff = Backoff(0.05, 10.0)
    assert [backoff.pause() for _ in range(100_000)][-1] == pytest.approx(10.0)
