"""Rates, abort criteria and time-outs of a job, decided from its configuration alone."""

import pytest
from greengrass_emulator.cloud.device_messages.job_rules import AbortCriterion, Rollout, read_job_rules


def test_a_job_without_a_configuration_has_the_highest_rate_and_no_time_out() -> None:
    rules = read_job_rules(None)
    assert (rules.rollout.rate(0, 0), rules.abort, rules.timeout) == (1000, (), None)


@pytest.mark.parametrize(("notified", "rate"), [(0, 50), (999, 50), (1000, 100), (2000, 200), (3000, 400), (9000, 500)])
def test_an_exponential_rollout_grows_with_the_things_that_were_notified(notified: int, rate: int) -> None:
    rollout = Rollout(maximum_per_minute=500, base_per_minute=50, factor=2.0, notified=1000)
    assert rollout.rate(notified, 0) == rate


def test_an_exponential_rollout_may_wait_for_successes_instead() -> None:
    rollout = Rollout(base_per_minute=1, factor=1.5, succeeded=10)
    assert [rollout.rate(1000, succeeded) for succeeded in (9, 10, 20)] == [1, 1, 2]


def test_an_overflowing_rate_is_the_maximum() -> None:
    assert Rollout(base_per_minute=1000, factor=5.0, notified=1).rate(10**9, 0) == 1000


@pytest.mark.parametrize(
    ("failure", "statuses", "met"),
    [
        ("FAILED", ["FAILED", "SUCCEEDED", "QUEUED", "QUEUED"], True),
        ("FAILED", ["REJECTED", "TIMED_OUT", "QUEUED", "QUEUED"], False),
        ("ALL", ["REJECTED", "QUEUED", "QUEUED", "QUEUED"], True),
        ("TIMED_OUT", ["TIMED_OUT", "QUEUED", "QUEUED"], False),
        ("ALL", ["SUCCEEDED"] * 8 + ["FAILED"], False),
    ],
)
def test_a_job_is_aborted_by_the_share_of_one_kind_of_failure(failure: str, statuses: list[str], met: bool) -> None:
    assert AbortCriterion(failure, 25.0, minimum=4).is_met(statuses) is met


def test_a_job_without_failures_is_not_aborted_even_at_a_threshold_of_zero() -> None:
    assert not AbortCriterion("ALL", 0.0, minimum=1).is_met(["QUEUED"])
