"""A job's configuration: how many things it notifies a minute, when it aborts, how long a thing may take.

Pure. Source: AWS IoT developer guide, "How job configurations work"; AWS IoT Greengrass V2 API reference,
DeploymentIoTJobConfiguration. *Executed* things are those that were notified, as the API reference says.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

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


def read_job_rules(configuration: Mapping[str, Any] | None) -> JobRules:
    """Return the rules of a request's ``iotJobConfiguration``, which was checked against the model before."""
    configuration = configuration or {}
    given = configuration.get("jobExecutionsRolloutConfig") or {}
    rollout = Rollout(given.get("maximumPerMinute", MAXIMUM_PER_MINUTE))
    if rate := given.get("exponentialRate"):
        criteria = rate["rateIncreaseCriteria"]
        rollout = Rollout(
            rollout.maximum_per_minute,
            rate["baseRatePerMinute"],
            rate["incrementFactor"],
            criteria.get("numberOfNotifiedThings"),
            criteria.get("numberOfSucceededThings"),
        )
    abort = tuple(
        AbortCriterion(each["failureType"], each["thresholdPercentage"], each["minNumberOfExecutedThings"])
        for each in (configuration.get("abortConfig") or {}).get("criteriaList", ())
    )
    minutes = (configuration.get("timeoutConfig") or {}).get("inProgressTimeoutInMinutes")
    return JobRules(rollout, abort, minutes * 60 if minutes else None)
