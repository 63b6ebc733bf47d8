"""Devices that end with their test, and what tests need beside them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .device import Device, eventually
from .halves import write_model


@pytest.fixture
def device_of(tmp_path: Path) -> Iterator[Callable[..., Device]]:
    """Start a device of a runtime; it is ended with the test."""
    devices: list[Device] = []

    def start(runtime: str, provisioned: Any = None) -> Device:
        device = Device(tmp_path / runtime, runtime)
        if provisioned is not None:
            device.config, device.root = provisioned.config_path, provisioned.root
        devices.append(device)
        device.start()
        return device

    yield start
    for device in devices:
        device.stop()


@pytest.fixture(name="write_model")
def write_model_fixture() -> Callable[..., Path]:
    """Write a model folder: ``write_model(folder, sharpness=…, manifest=…)``."""
    return write_model


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., Any]:
    """Wait for a condition: ``eventually(check, within=…, what=…)``."""
    return eventually
