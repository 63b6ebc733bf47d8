"""Counts and latencies of one served model. Fed by inference threads, read by health; bounded."""

import threading
import time
from dataclasses import dataclass

from edge_agent.serving.histogram import Histogram
from shared_schema.messages import Latency


@dataclass(frozen=True, slots=True)
class Reading:
    """Totals since the model serves, and rates since the last reading. Throughput in predictions a second."""

    requests: int
    errors: int
    throughput: float
    latency: Latency | None


class Meter:
    """One model's. The window is what came since the last reading."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window = Histogram()
        self._requests = self._errors = self._at_reading = 0
        self._read_at = time.monotonic()

    def count(self, latency_ms: float) -> None:
        """One prediction was made."""
        with self._lock:
            self._requests += 1
            self._window.add(latency_ms)

    def count_error(self) -> None:
        """One frame had no answer."""
        with self._lock:
            self._errors += 1

    def read(self) -> Reading:
        """Take the window, and begin a new one."""
        with self._lock:
            now = time.monotonic()
            window, self._window = self._window, Histogram()
            made, self._at_reading = self._requests - self._at_reading, self._requests
            spent, self._read_at = max(now - self._read_at, 1e-9), now
            requests, errors = self._requests, self._errors
        return Reading(requests, errors, round(made / spent, 3), _latency(window))


def _latency(window: Histogram) -> Latency | None:
    if not len(window):
        return None
    p50, p95, p99 = (round(window.percentile(share), 3) for share in (0.50, 0.95, 0.99))
    return Latency(p50=p50, p95=p95, p99=p99, max=round(window.largest, 3))
