"""Devices as requested on a command line, ``NAME[=RUNTIME][@ACCOUNT][:GROUP]``, and their start."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device
from greengrass_emulator.devices.running_device import RunningDevice, Runtime
from greengrass_emulator.errors import WrongUse

_REQUEST = re.compile(
    r"(?P<name>[\w:.-]+?)(=(?P<runtime>classic|lite))?(@(?P<account>[a-z][a-z0-9-]*))?(:(?P<group>[\w-]+))?"
)


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """A device that the command line requests."""

    thing: str
    runtime: Runtime
    account: str
    groups: tuple[str, ...]


def read_device_requests(texts: Sequence[str], first_account: str) -> tuple[DeviceRequest, ...]:
    """Read the requests. Raises ``WrongUse`` for an invalid one, or for a name that is there twice."""
    requests = []
    for text in texts:
        found = _REQUEST.fullmatch(text)
        if found is None:
            raise WrongUse(
                f"--device {text}: cannot be read",
                "write NAME[=classic|lite][@ACCOUNT][:GROUP], such as cam=lite@prod:line-1",
            )
        runtime: Runtime = "lite" if found["runtime"] == "lite" else "classic"
        groups = (found["group"],) if found["group"] else ()
        requests.append(DeviceRequest(found["name"], runtime, found["account"] or first_account, groups))
    names = [request.thing for request in requests]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise WrongUse(f"--device {twice}: is there twice", "give each device its own name")
    return tuple(requests)


@contextmanager
def running_devices(
    cloud: Cloud,
    folder: Path,
    requests: Sequence[DeviceRequest],
    posix_user: str | None = None,
    python: Path | None = None,
) -> Iterator[tuple[RunningDevice, ...]]:
    """Run the devices, connected, until the block ends. An existing folder of a device is used again.

    ``posix_user`` runs their components, with the Python of the environment ``python``.
    """
    with ExitStack() as running:
        devices = []
        for request in requests:
            made = provision_device(
                cloud,
                folder / request.thing,
                account=request.account,
                thing=request.thing,
                groups=request.groups,
                posix_user=posix_user,
                python=python,
            )
            device = RunningDevice(made, request.runtime)
            running.callback(device.stop)
            devices.append(device.start(wait=False))
        for device in devices:
            device.wait_until_connected()
        yield tuple(devices)
