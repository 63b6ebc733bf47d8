"""moto's own reading of bucket policies, put aside while ours is in force.

moto knows neither principals nor conditions: it takes ``Deny … if not over TLS`` for a plain Deny (moto 5.2,
s3/models.py, ``FakeBucket.get_permission``). Two judges would be one too many.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket


@contextmanager
def bucket_policies_left_to_us() -> Iterator[None]:
    """moto has no opinion on buckets until the end of the block. One at a time in a process, as the cloud is."""
    bucket: Any = FakeBucket
    own = bucket.get_permission
    bucket.get_permission = _no_opinion
    try:
        yield
    finally:
        bucket.get_permission = own


def _no_opinion(*_: object) -> Any:
    return PermissionResult.NEUTRAL
