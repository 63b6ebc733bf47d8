"""Counts and latencies of one served model. Fed by inference threads, read by health; bounded."""

import threading
import time
from collections import deque
from dataclasses import dataclass

from shared_schema.messages import Latency

_MOST = 8_192


@dataclass(frozen=True, slots=True)
class Reading:
    """Totals since the model serves, and rates since the last reading. Throughput in predictions a second."""

    requests: int
    errors: int
    throughput: float
    latency: Latency | None


class Meter:
    """One model's. The window holds the newest 8,192 latencies since the last reading."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window: deque[float] = deque(maxlen=_MOST)
        self._requests = self._errors = self._at_reading = 0
        self._read_at = time.monotonic()

    def count(self, latency_ms: float) -> None:
        """One prediction was made."""
        with self._lock:
            self._requests += 1
            self._window.append(latency_ms)

    def count_error(self) -> None:
        """One frame had no answer."""
        with self._lock:
            self._errors += 1

    def read(self) -> Reading:
        """Take the window, and begin a new one."""
        with self._lock:
            now = time.monotonic()
            window, self._window = self._window, deque(maxlen=_MOST)
            made, self._at_reading = self._requests - self._at_reading, self._requests
            spent, self._read_at = max(now - self._read_at, 1e-9), now
            requests, errors = self._requests, self._errors
        return Reading(requests, errors, round(made / spent, 3), latency_of(sorted(window)))


def latency_of(ordered: list[float]) -> Latency | None:
    """Percentiles (nearest rank) of latencies in ascending order; ``None`` where there are none."""
    if not ordered:
        return None
    most = len(ordered) - 1

    def at(share: float) -> float:
        return round(ordered[min(most, int(share * len(ordered)))], 3)

    return Latency(p50=at(0.50), p95=at(0.95), p99=at(0.99), max=round(ordered[-1], 3))
