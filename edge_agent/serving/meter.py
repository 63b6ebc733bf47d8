"""Counts and latencies of one served model. Inference threads write them, health reads them. Bounded."""

import threading
import time
from dataclasses import dataclass

from edge_agent.serving.histogram import Histogram
from shared_schema.messages import Latency


@dataclass(frozen=True, slots=True)
class Reading:
    """Totals since the model serves, and rates since the last reading. ``throughput`` is in predictions per second."""

    requests: int
    errors: int
    throughput: float
    latency: Latency | None


class Meter:
    """The meter of one model. Its window is the time since the last reading. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window = Histogram()
        self._requests = self._errors = self._at_reading = 0
        self._read_at = time.monotonic()

    def count(self, latency_ms: float) -> None:
        """Count one prediction."""
        with self._lock:
            self._requests += 1
            self._window.add(latency_ms)

    def count_error(self) -> None:
        """Count one frame without an answer."""
        with self._lock:
            self._errors += 1

    def read(self) -> Reading:
        """Return the window's figures, and begin a new window."""
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
