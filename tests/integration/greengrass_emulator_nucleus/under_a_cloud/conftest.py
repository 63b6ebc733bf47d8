"""Devices under the cloud of the tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.seeding import SeededCloud

from .cloud_site import Site


@pytest.fixture
def make_site(
    greengrass_cloud: Cloud, seeded_cloud: SeededCloud, tmp_path: Path, make_device: Any
) -> Iterator[Callable[[str], Site]]:
    made: list[Site] = []

    def make(runtime: str) -> Site:
        site = Site(greengrass_cloud, seeded_cloud, tmp_path / f"device-{len(made)}", make_device, runtime)
        made.append(site)
        site.wait(lambda: site.device.status().connected)
        return site

    yield make
    for site in made:
        site.device.stop()
        site.relay.close()


@pytest.fixture(params=["classic", "lite"])
def site(request: pytest.FixtureRequest, make_site: Callable[[str], Site]) -> Site:
    return make_site(request.param)
