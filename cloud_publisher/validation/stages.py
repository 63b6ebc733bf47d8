"""Checks that the config's ``stages:`` agree with one another, and each one's ARNs with its account and region."""

from collections.abc import Iterator

from cloud_publisher.policies.stages import stage_faults
from cloud_publisher.validation.sources import Note, Sources
from shared_schema.documents import Fault


def check_stages(sources: Sources) -> Iterator[Fault | Note]:
    """Yield the faults of every stage; a config may have none."""
    if sources.config.value.stages:
        yield from stage_faults(sources.config)
