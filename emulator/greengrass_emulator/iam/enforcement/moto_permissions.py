"""Turns off moto's own check of bucket policies while ours is on.

moto knows neither principals nor conditions: it takes ``Deny … if not over TLS`` for a plain Deny (moto 5.2,
s3/models.py, ``FakeBucket.get_permission``). Only one of the two may decide.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket


@contextmanager
def bucket_policies_left_to_us() -> Iterator[None]:
    """Turn off moto's check of buckets until the end of the block. One at a time in a process, like the cloud."""
    bucket: Any = FakeBucket
    own = bucket.get_permission
    bucket.get_permission = _no_opinion
    try:
        yield
    finally:
        bucket.get_permission = own


def _no_opinion(*_: object) -> Any:
    return PermissionResult.NEUTRAL
