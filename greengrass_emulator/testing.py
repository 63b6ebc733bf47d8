"""pytest fixtures for tests that need a cloud.

In the topmost ``conftest.py``: ``pytest_plugins = ["greengrass_emulator.testing"]``. One cloud serves a whole session:
tests keep apart by their own thing groups, buckets and component names. Nothing heavy is imported before a test asks.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from greengrass_emulator.cloud.cloud import Cloud
    from greengrass_emulator.cloud.seeding import SeededCloud


@pytest.fixture(scope="session")
def greengrass_cloud() -> "Iterator[Cloud]":
    """A running cloud with the accounts dev, preprod and prod."""
    from greengrass_emulator.cloud.cloud import Cloud  # noqa: PLC0415

    with Cloud() as cloud:
        yield cloud


@pytest.fixture(scope="session")
def seeded_cloud(greengrass_cloud: "Cloud") -> "SeededCloud":
    """The same cloud after ``seed_cloud``: roles, artifact bucket and model package group are there."""
    from greengrass_emulator.cloud.seeding import seed_cloud  # noqa: PLC0415

    return seed_cloud(greengrass_cloud)
