"""Latencies in a histogram of fixed size, in the manner of HdrHistogram: buckets as wide as 1/64 of what they hold.

Any number of values costs the same few kilobytes; percentiles are exact to 1.6 %, the maximum is exact.
(The `hdrhistogram` package would bring a C extension to every device for these lines.)
"""

from array import array
from typing import Final

_BITS: Final = 6
_HALF: Final = 1 << _BITS
_LARGEST: Final = (1 << 32) - 1
"""Microseconds: more than an hour."""
_BUCKETS: Final = (32 - _BITS + 1) * _HALF


class Histogram:
    """Of latencies in milliseconds, kept in whole microseconds. Not thread-safe."""

    __slots__ = ("_counts", "_total", "largest")

    def __init__(self) -> None:
        self._counts = array("L", bytes(array("L").itemsize * _BUCKETS))
        self._total = 0
        self.largest = 0.0
        """The largest value, exactly."""

    def __len__(self) -> int:
        return self._total

    def add(self, milliseconds: float) -> None:
        """Count one; what is below a microsecond counts as nothing, what is above an hour as an hour."""
        value = int(milliseconds * 1000)
        if not 0 <= value <= _LARGEST:
            value = 0 if value < 0 else _LARGEST
        # Values below 64 have a bucket each; above, each power of two has 64.
        shift = max(value.bit_length() - _BITS - 1, 0)
        self._counts[(shift << _BITS) + (value >> shift)] += 1
        self._total += 1
        self.largest = max(self.largest, milliseconds)

    def percentile(self, share: float) -> float:
        """The value, in milliseconds, that ``share`` (0 to 1) of all values do not exceed; 0 where there are none."""
        wanted, seen = share * self._total, 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(_upper(bucket) / 1000, self.largest)
        return self.largest


def _upper(bucket: int) -> int:
    if bucket < 2 * _HALF:
        return bucket
    shift = (bucket >> _BITS) - 1
    return ((bucket - (shift << _BITS) + 1) << shift) - 1
