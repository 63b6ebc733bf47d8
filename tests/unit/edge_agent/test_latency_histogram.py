"""Percentiles from a histogram of fixed size, next to the exact ones."""

import random
import sys

import pytest

from edge_agent.serving.histogram import Histogram
from edge_agent.serving.meter import Meter


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 0.99, 0.999])
def test_percentiles_are_right_to_a_sixty_fourth(share: float) -> None:
    chance = random.Random(5)  # noqa: S311 - no secret
    values = sorted(chance.lognormvariate(2, 1.5) for _ in range(20_000))
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    exact = values[int(share * len(values)) - 1]
    assert histogram.percentile(share) == pytest.approx(exact, rel=1 / 64 + 1e-3)
    assert histogram.largest == values[-1]


def test_it_takes_anything_and_never_grows() -> None:
    histogram = Histogram()
    for value in (-1.0, 0.0, 0.0004, 1e12):
        histogram.add(value)
    before = sys.getsizeof(histogram._counts)
    for _ in range(10_000):
        histogram.add(3.0)
    assert sys.getsizeof(histogram._counts) == before
    assert len(histogram) == 10_004
    assert histogram.percentile(0.5) == pytest.approx(3.0, rel=1 / 64)


def test_a_percentile_never_exceeds_the_largest() -> None:
    histogram = Histogram()
    histogram.add(100.001)
    assert histogram.percentile(1.0) == 100.001


def test_a_reading_begins_a_new_window() -> None:
    meter = Meter()
    meter.count(5.0)
    meter.count(7.0)
    first = meter.read()
    assert (first.requests, first.latency is not None and first.latency.max) == (2, 7.0)
    second = meter.read()
    assert (second.requests, second.latency, second.throughput) == (2, None, 0.0)
