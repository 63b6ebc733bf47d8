"""pytest fixtures for tests that need a cloud, or devices in one.

They are there as soon as the distribution is installed. One cloud serves a whole session: tests keep apart by their own
thing groups, buckets and component names. Devices belong to one test, run in processes of their own, and end with the
test. Nothing heavy is imported before a test needs it. See ``examples/hello_world``.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from greengrass_emulator.cloud.cloud import Cloud
    from greengrass_emulator.cloud.seeding import SeededCloud
    from greengrass_emulator.devices.running_device import RunningDevice

MakeDevice = Callable[..., "RunningDevice"]
"""``make(runtime="classic", account="dev", groups=(), thing=None)`` gives a connected device; its name is its own."""


@pytest.fixture(scope="session")
def greengrass_python() -> Path | None:
    """The environment whose ``python3`` the devices' components find. None: a bare one for each device.

    Override it in your ``conftest.py`` where your components bring no packages of their own:
    ``return Path(sys.prefix)`` gives them those of your tests.
    """
    return None


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


@pytest.fixture
def greengrass_devices(
    greengrass_cloud: "Cloud", greengrass_python: Path | None, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Callable[..., RunningDevice]]":
    """Makes devices, see ``MakeDevice``; all of them end with the test."""
    from greengrass_emulator.cloud.provisioning import provision_device  # noqa: PLC0415
    from greengrass_emulator.devices.running_device import RunningDevice, Runtime  # noqa: PLC0415

    made: list[RunningDevice] = []

    def make(
        runtime: Runtime = "classic", *, account: str = "dev", groups: tuple[str, ...] = (), thing: str | None = None
    ) -> RunningDevice:
        name = thing or f"device-{uuid4().hex[:8]}"
        folder: Path = tmp_path_factory.mktemp(name)
        provisioned = provision_device(
            greengrass_cloud, folder, account=account, thing=name, groups=groups, python=greengrass_python
        )
        device = RunningDevice(provisioned, runtime)
        made.append(device)
        return device.start()

    yield make
    for device in made:
        device.stop()


@pytest.fixture
def greengrass_device(greengrass_devices: MakeDevice) -> "RunningDevice":
    """One device of the account dev, with the classic runtime."""
    return greengrass_devices()
