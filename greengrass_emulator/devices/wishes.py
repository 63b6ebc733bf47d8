"""A device as a person writes it on a command line, ``NAME[=RUNTIME][@ACCOUNT][:GROUP]``, and many of them together."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device
from greengrass_emulator.devices.running_device import RunningDevice, Runtime
from greengrass_emulator.errors import WrongUse

_WISH = re.compile(
    r"(?P<name>[\w:.-]+?)(=(?P<runtime>classic|lite))?(@(?P<account>[a-z][a-z0-9-]*))?(:(?P<group>[\w-]+))?"
)


@dataclass(frozen=True, slots=True)
class DeviceWish:
    """A device that somebody wants to have."""

    thing: str
    runtime: Runtime
    account: str
    groups: tuple[str, ...]


def read_wishes(texts: Sequence[str], first_account: str) -> tuple[DeviceWish, ...]:
    """Devices as they were written. Raises ``WrongUse`` for one that cannot be read, or a name that stands twice."""
    wishes = []
    for text in texts:
        found = _WISH.fullmatch(text)
        if found is None:
            raise WrongUse(
                f"--device {text}: write NAME[=classic|lite][@ACCOUNT][:GROUP], such as cam=lite@prod:line-1"
            )
        runtime: Runtime = "lite" if found["runtime"] == "lite" else "classic"
        groups = (found["group"],) if found["group"] else ()
        wishes.append(DeviceWish(found["name"], runtime, found["account"] or first_account, groups))
    names = [wish.thing for wish in wishes]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise WrongUse(f"--device {twice}: is there twice; give each device its own name")
    return tuple(wishes)


@contextmanager
def running_devices(
    cloud: Cloud, folder: Path, wishes: Sequence[DeviceWish], posix_user: str | None = None
) -> Iterator[tuple[RunningDevice, ...]]:
    """The devices, connected, until the block ends. A folder that has a device of this name already is gone on with.

    ``posix_user`` runs their components.
    """
    with ExitStack() as running:
        devices = []
        for wish in wishes:
            made = provision_device(
                cloud,
                folder / wish.thing,
                account=wish.account,
                thing=wish.thing,
                groups=wish.groups,
                posix_user=posix_user,
            )
            device = RunningDevice(made, wish.runtime)
            running.callback(device.stop)
            devices.append(device.start(wait=False))
        for device in devices:
            device.wait_until_connected()
        yield tuple(devices)
