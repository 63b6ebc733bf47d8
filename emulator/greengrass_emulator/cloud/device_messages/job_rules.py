"""A job's configuration: how many things it notifies a minute, when it aborts, how long a thing may take.

Pure. Source: AWS IoT developer guide, "How job configurations work"; AWS IoT Greengrass V2 API reference,
DeploymentIoTJobConfiguration. *Executed* things are those that were notified, as the API reference says.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from greengrass_emulator.cloud.rest_json.reading import ApiStructure

MAXIMUM_PER_MINUTE = 1000
"""The default rate of a job, and the highest."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """The things to notify a minute. After every ``notified`` or ``succeeded`` things the rate grows by ``factor``."""

    maximum_per_minute: int = MAXIMUM_PER_MINUTE
    base_per_minute: int | None = None
    factor: float = 1.0
    notified: int | None = None
    succeeded: int | None = None

    def rate(self, notified: int, succeeded: int) -> int:
        """Return the number of things for the minute that begins with these counts."""
        if self.base_per_minute is None:
            return self.maximum_per_minute
        steps = notified // self.notified if self.notified else succeeded // (self.succeeded or 1)
        # A factor above 1 exceeds the maximum long before this many steps; an unbounded power would overflow.
        grown = self.base_per_minute * self.factor ** min(steps, 100)
        return min(self.maximum_per_minute, int(min(grown, MAXIMUM_PER_MINUTE)))


@dataclass(frozen=True, slots=True)
class AbortCriterion:
    """Aborts a job once a share of the notified things has failed in one way, or in any (``ALL``)."""

    failure: str
    percentage: float
    minimum: int

    def is_met(self, statuses: Collection[str]) -> bool:
        """Return whether the statuses of the executions meet it."""
        if len(statuses) < self.minimum:
            return False
        counted = Counter(statuses)
        kinds = ("FAILED", "REJECTED", "TIMED_OUT") if self.failure == "ALL" else (self.failure,)
        failed = sum(counted[kind] for kind in kinds)
        return failed > 0 and failed * 100 / len(statuses) >= self.percentage


@dataclass(frozen=True, slots=True)
class JobRules:
    """A job's configuration. ``timeout`` is in seconds, from the report that a thing is IN_PROGRESS."""

    rollout: Rollout = Rollout()
    abort: tuple[AbortCriterion, ...] = ()
    timeout: float | None = None


class RateIncreaseCriteria(ApiStructure):
    """When an exponential rollout's rate increases: one of the two, in things."""

    number_of_notified_things: int | None = None
    number_of_succeeded_things: int | None = None


class ExponentialRate(ApiStructure):
    """A rollout that begins with ``base_rate_per_minute`` and increases by ``increment_factor``."""

    base_rate_per_minute: int
    increment_factor: float
    rate_increase_criteria: RateIncreaseCriteria


class RolloutConfiguration(ApiStructure):
    """``jobExecutionsRolloutConfig``."""

    maximum_per_minute: int | None = None
    exponential_rate: ExponentialRate | None = None


class AbortCriterionConfiguration(ApiStructure):
    """One of the ``criteriaList`` of ``abortConfig``."""

    failure_type: str
    action: str
    threshold_percentage: float
    min_number_of_executed_things: int


class AbortConfiguration(ApiStructure):
    """``abortConfig``."""

    criteria_list: tuple[AbortCriterionConfiguration, ...] = ()


class TimeoutConfiguration(ApiStructure):
    """``timeoutConfig``."""

    in_progress_timeout_in_minutes: int | None = None


class JobConfiguration(ApiStructure):
    """A request's ``iotJobConfiguration``."""

    job_executions_rollout_config: RolloutConfiguration | None = None
    abort_config: AbortConfiguration | None = None
    timeout_config: TimeoutConfiguration | None = None


def read_job_rules(configuration: JobConfiguration | None) -> JobRules:
    """Return the rules of a request's ``iotJobConfiguration``."""
    if configuration is None:
        return JobRules()
    given = configuration.job_executions_rollout_config
    rollout = Rollout(given.maximum_per_minute or MAXIMUM_PER_MINUTE) if given else Rollout()
    if given and (rate := given.exponential_rate):
        rollout = Rollout(
            rollout.maximum_per_minute,
            rate.base_rate_per_minute,
            rate.increment_factor,
            rate.rate_increase_criteria.number_of_notified_things,
            rate.rate_increase_criteria.number_of_succeeded_things,
        )
    abort = tuple(
        AbortCriterion(each.failure_type, each.threshold_percentage, each.min_number_of_executed_things)
        for each in (configuration.abort_config or AbortConfiguration()).criteria_list
    )
    minutes = (configuration.timeout_config or TimeoutConfiguration()).in_progress_timeout_in_minutes
    return JobRules(rollout, abort, minutes * 60 if minutes else None)
