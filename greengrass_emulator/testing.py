"""pytest fixtures for tests that need a cloud.

In a ``conftest.py``: ``pytest_plugins = ["greengrass_emulator.testing"]`` (root conftest), or import the fixture by
name. One cloud serves a whole session: tests keep apart by their own thing groups, buckets and component names.
"""

from collections.abc import Iterator

import pytest

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.seeding import SeededCloud, seed_cloud


@pytest.fixture(scope="session")
def greengrass_cloud() -> Iterator[Cloud]:
    """A running cloud with the accounts dev, preprod and prod."""
    with Cloud() as cloud:
        yield cloud


@pytest.fixture(scope="session")
def seeded_cloud(greengrass_cloud: Cloud) -> SeededCloud:
    """The same cloud after ``seed_cloud``: roles, artifact bucket and model package group are there."""
    return seed_cloud(greengrass_cloud)
